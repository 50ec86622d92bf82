"""Files that jobs are given: uploaded, by URL, as data, however the job comes in."""

import base64
import hashlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from shared.messages import Error, JobAccepted, JobCompletedAck, SubmitJob
from tests.fakes.web import Web, running_web
from tests.support.hubs import RunningHub, running_hub
from tests.support.wire_client import client_of

PICTURE = b"\x89PNG\r\n\x1a\n of a cat"
SHA256 = hashlib.sha256(PICTURE).hexdigest()
DATA = "data:image/png;base64," + base64.b64encode(PICTURE).decode()
SETTLED = [{"name": "cat.png", "artifact": SHA256}]


@pytest.fixture
async def hub(redis_url: str, tmp_path: Path) -> AsyncGenerator[RunningHub]:
    async with running_hub(redis_url, tmp_path, hub_input_networks=("127.0.0.0/8",)) as hub:
        yield hub


@pytest.fixture
async def web() -> AsyncGenerator[Web]:
    async with running_web() as web:
        yield web


def job(*inputs: Any, **more: Any) -> dict[str, Any]:
    return {"type": "simulation", "payload": {"inputs": list(inputs), "seed": 1}, **more}


async def given(hub: RunningHub, *inputs: Any) -> Any:
    """What became of the inputs of a new job."""
    answer = await hub.rest.post("/jobs", json=job(*inputs))
    assert answer.status_code == 201, answer.text
    kept = await hub.job(answer.json()["job_id"])
    assert kept["payload"]["seed"] == 1
    return kept["payload"]["inputs"]


async def test_a_file_is_uploaded_and_named(hub: RunningHub) -> None:
    answer = await hub.rest.post("/artifacts", content=PICTURE)
    told = {"sha256": SHA256, "size_bytes": len(PICTURE), "url": f"/artifacts/{SHA256}"}
    assert (answer.status_code, answer.json()) == (201, told)
    assert (await hub.rest.get(f"/artifacts/{SHA256}")).content == PICTURE
    for reference in (SHA256, f"/artifacts/{SHA256}"):
        assert await given(hub, {"name": "cat.png", "artifact": reference}) == SETTLED


async def test_a_file_that_a_job_names_is_kept_from_the_sweep(hub: RunningHub) -> None:
    await hub.rest.post("/artifacts", content=PICTURE)
    path = hub.parts.artifacts.find(SHA256)
    assert path is not None
    os.utime(path, (1000, 1000))
    assert await hub.parts.artifacts.older_than(2000) == {SHA256}
    assert await given(hub, {"name": "cat.png", "artifact": SHA256}) == SETTLED
    assert await hub.parts.artifacts.older_than(2000) == set()


@pytest.mark.parametrize(
    "data", [DATA, DATA.replace("data:", "DATA:"), "data:,%89PNG%0D%0A%1A%0A%20of%20a%20cat"]
)
async def test_a_data_uri_becomes_an_artifact(hub: RunningHub, data: str) -> None:
    assert await given(hub, {"name": "cat.png", "data": data}) == SETTLED
    assert (await hub.rest.get(f"/artifacts/{SHA256}")).content == PICTURE


async def test_a_url_becomes_an_artifact(hub: RunningHub, web: Web) -> None:
    url = web.page("/cat.png?signature=secret", PICTURE)
    both = await given(hub, {"name": "cat.png", "url": url}, {"name": "dog.png", "data": "data:,x"})
    assert both[0] == SETTLED[0]
    assert (await hub.rest.get(f"/artifacts/{SHA256}")).content == PICTURE
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    ("entry", "field", "problem"),
    [
        ({"name": "a", "artifact": "0" * 64}, "[0].artifact", f"there is no artifact {'0' * 64}"),
        ({"name": "a", "artifact": "../x"}, "[0].artifact", "is no SHA-256"),
        ({"name": "a", "artifact": 3}, "[0].artifact", "is no text"),
        ({"name": "a", "artifact": {"$from": "s"}}, "[0].artifact", "is no text"),
        ({"name": "a", "data": "data:;base64,***"}, "[0].data", "is not base64"),
        ({"name": "a", "data": "data:image/png"}, "[0].data", "is no data URI"),
        ({"name": "a", "url": "http://[::1]/x"}, "[0].url", "is not on the public internet"),
        ({"name": "a", "url": "x", "artifact": "y"}, "[0]", "has artifact, name, url"),
        ({"artifact": SHA256}, "[0]", "has artifact"),
        ({"name": "../a", "data": DATA}, "[0].name", "is no name of a file"),
        ({"name": "..", "data": DATA}, "[0].name", "is no name of a file"),
        ({"name": "", "data": DATA}, "[0].name", "is no name of a file"),
        ({"name": "a\\b", "data": DATA}, "[0].name", "is no name of a file"),
        ({"name": 3, "data": DATA}, "[0].name", "is no name of a file"),
    ],
)
async def test_what_cannot_be_given_is_refused_with_its_place(
    hub: RunningHub, entry: dict[str, Any], field: str, problem: str
) -> None:
    answer = await hub.rest.post("/jobs", json=job(entry))
    assert answer.status_code == 400
    (told,) = answer.json()["fields"]
    assert told["field"] == f"payload.inputs{field}"
    assert problem in told["problem"]
    assert told["accepted"]
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 0


@pytest.mark.parametrize(
    ("others", "field"),
    [
        ([{"name": "CAT.png", "data": DATA}], "[1].name"),
        (["text"], "[1]"),
        ([{"name": "b", "link": "x"}], "[1].link"),
        ([{"name": str(number), "data": DATA} for number in range(64)], ""),
    ],
    ids=["twice", "no-object", "no-source", "too-many"],
)
async def test_one_that_is_wrong_spoils_all(hub: RunningHub, others: list[Any], field: str) -> None:
    answer = await hub.rest.post("/jobs", json=job({"name": "cat.png", "data": DATA}, *others))
    assert answer.status_code == 400
    assert answer.json()["fields"][0]["field"] == f"payload.inputs{field}"


@pytest.mark.parametrize(
    "inputs",
    [
        "a text",
        [],
        ["a", "b"],
        [{"name": "IN", "shape": [1], "data": [1.5]}],
        {"x": 1},
        [{"url": 1}],
    ],
    ids=str,
)
async def test_a_field_of_that_name_that_is_the_services_own_is_left_alone(
    hub: RunningHub, inputs: Any
) -> None:
    answer = await hub.rest.post("/jobs", json={"type": "rest", "payload": {"inputs": inputs}})
    assert answer.status_code == 201
    assert (await hub.job(answer.json()["job_id"]))["payload"] == {"inputs": inputs}


async def test_a_request_that_waits_is_given_them_too(hub: RunningHub) -> None:
    body = job({"name": "cat.png", "data": DATA}, wait=False)
    body["job_type"] = body.pop("type")
    answer = await hub.rest.post("/api/jobs", json=body)
    assert answer.status_code < 300, answer.text
    kept = await hub.job(answer.json()["job_id"])
    assert kept["payload"]["inputs"] == SETTLED


async def test_a_replay_is_given_them_too(hub: RunningHub) -> None:
    job_id = await hub.submit()
    await hub.rest.post(f"/jobs/{job_id}/cancel")
    other = job({"name": "cat.png", "data": DATA})["payload"]
    answer = await hub.rest.post(f"/jobs/{job_id}/replay", json={"payload": other})
    assert answer.json()["job"]["payload"]["inputs"] == SETTLED


async def test_many_replays_are_given_them_or_say_why_not(hub: RunningHub) -> None:
    job_id = await hub.submit()
    await hub.rest.post(f"/jobs/{job_id}/cancel")
    ask: dict[str, Any] = {"action": "replay", "filter": {"status": "cancelled"}, "dry_run": False}
    wrong = job({"name": "a", "artifact": "x"})["payload"]
    answer = await hub.rest.post("/jobs/bulk", json=ask | {"payload": wrong})
    assert "payload.inputs[0].artifact: is no SHA-256" in answer.text
    right = job({"name": "cat.png", "data": DATA})["payload"]
    answer = await hub.rest.post("/jobs/bulk", json=ask | {"payload": right})
    newest = (await hub.rest.get("/jobs")).json()["jobs"][0]
    assert newest["payload"]["inputs"] == SETTLED


async def test_a_step_takes_what_an_earlier_step_made(hub: RunningHub) -> None:
    later = {"name": "in.png", "artifact": {"$from": "draw", "path": "/files/0/sha256"}}
    steps: list[dict[str, Any]] = [
        {"name": "draw", **job({"name": "cat.png", "data": DATA})},
        {"name": "enlarge", "depends_on": ["draw"], **job(later)},
    ]
    answer = await hub.rest.post("/workflows", json={"workflow_id": "w", "steps": steps})
    assert answer.status_code == 201, answer.text
    worker = await hub.worker()
    first = await worker.take()
    assert first.params["inputs"] == SETTLED
    await worker.complete(first, {"files": [{"filename": "out.png", "sha256": SHA256}]})
    await worker.expect(JobCompletedAck)
    assert (await worker.take()).params["inputs"] == [{"name": "in.png", "artifact": SHA256}]


async def test_a_step_says_which_input_is_wrong(hub: RunningHub) -> None:
    wrong = {"name": "a", "url": {"$from": "draw", "path": "/files/0/url"}}
    steps: list[dict[str, Any]] = [
        {"name": "draw", "type": "t", "payload": {}},
        {"name": "b", "depends_on": ["draw"], **job({"name": "x", "data": DATA}, wrong)},
    ]
    answer = await hub.rest.post("/workflows", json={"steps": steps})
    assert answer.status_code == 400
    assert answer.json()["fields"][0]["field"] == "steps[1].payload.inputs[1].url"


async def test_a_job_by_websocket_is_given_them_too(hub: RunningHub) -> None:
    payload = job({"name": "cat.png", "data": DATA})["payload"]
    wrong = job({"name": "cat.png", "artifact": "x"})["payload"]
    async with client_of(hub.url) as client:
        await client.send(SubmitJob(job_type="simulation", payload=wrong))
        refusal = await client.until(Error)
        assert refusal.error.startswith("payload.inputs[0].artifact: is no SHA-256")
        await client.send(SubmitJob(job_type="simulation", payload=payload))
        accepted = await client.until(JobAccepted)
    assert (await hub.job(accepted.job_id))["payload"]["inputs"] == SETTLED
