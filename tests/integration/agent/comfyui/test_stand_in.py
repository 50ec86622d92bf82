"""The stand-in itself: it must refuse what the real ComfyUI refuses, in the same way."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.fakes.comfyui import FakeComfyUI
from tests.integration.agent.comfyui.workflows import graph


@pytest.fixture
async def http(fake: FakeComfyUI) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=fake.url, trust_env=False) as client:
        yield client


def changed(node_id: str, **inputs: Any) -> dict[str, Any]:
    nodes = graph()
    nodes[node_id]["inputs"] |= inputs
    return {"prompt": nodes}


UI_FORMAT: dict[str, Any] = {"nodes": [], "links": [], "version": 0.4}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({}, 400, "no_prompt"),
        ({"prompt": graph(), "prompt_id": "A" * 36}, 400, "invalid_prompt_id"),
        ({"prompt": {"4": graph()["4"]}}, 400, "prompt_no_outputs"),
        (changed("9", images=["3", 0]), 400, "return_type_mismatch"),
        (changed("3", steps=0), 400, "value_smaller_than_min"),
        (changed("5", width=99999), 400, "value_bigger_than_max"),
        (changed("5", width="64"), 200, '"node_errors": {}'),
        ({"prompt": UI_FORMAT}, 500, "Server got itself in trouble"),
        ({"prompt": None}, 500, "Server got itself in trouble"),
    ],
)
async def test_a_prompt_is_judged_as_by_the_real_one(
    http: httpx.AsyncClient, body: dict[str, Any], status: int, kind: str
) -> None:
    answer = await http.post("/prompt", json=body)
    assert answer.status_code == status
    assert kind in answer.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"filename": "../a.png"}, 400),
        ({"filename": "a.png", "type": "odd"}, 400),
        ({"filename": "a.png", "subfolder": "../.."}, 403),
        ({"filename": "a.png"}, 404),
    ],
)
async def test_a_file_is_refused_as_by_the_real_one(
    http: httpx.AsyncClient, query: dict[str, str], status: int
) -> None:
    assert (await http.get("/view", params=query)).status_code == status


async def test_the_history_of_an_unknown_prompt_is_empty_and_no_error(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.get(f"/api/history/{uuid4()}")
    assert (answer.status_code, answer.json()) == (200, {})


async def test_cancelling_an_unknown_prompt_is_no_error(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"/api/jobs/{uuid4()}/cancel", json={})
    assert (answer.status_code, answer.json()) == (200, {"cancelled": False})


async def test_a_prompt_without_a_client_runs_all_the_same(
    fake: FakeComfyUI, http: httpx.AsyncClient
) -> None:
    prompt_id = str(uuid4())
    await http.post("/prompt", json={"prompt": graph(), "prompt_id": prompt_id})
    await fake.worker.until(lambda: prompt_id in fake.worker.history)
