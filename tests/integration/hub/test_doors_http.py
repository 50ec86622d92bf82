"""Every route and every kind of key, against what is expected of them."""

import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import httpx
import pytest
from litestar.routes import HTTPRoute
from websockets.asyncio.client import connect

from hub.app import application
from tests.support.hubs import RunningHub, running_hub
from tests.support.wire_worker import connected

KEYS = {
    "none": None,
    "wrong": "not-a-key-of-this-hub",
    "client": "canary-key-of-clients",
    "worker": "canary-token-of-workers",
}
DIGEST = "0" * 64

# Who may do what; a route that is not here fails the test.
CLIENTS, WORKERS, BOTH, ANYBODY = {"client"}, {"worker"}, {"client", "worker"}, set(KEYS)
NOBODY = set[str]()  # other hubs, by what they leave in Redis
MATRIX: dict[tuple[str, str], set[str]] = {
    ("POST", "/jobs"): CLIENTS,
    ("GET", "/jobs"): CLIENTS,
    ("GET", "/jobs/{job_id:str}"): CLIENTS,
    ("GET", "/jobs/{job_id:str}/status"): CLIENTS,
    ("GET", "/jobs/{job_id:str}/progress"): CLIENTS,
    ("GET", "/jobs/{job_id:str}/preview"): CLIENTS,
    ("GET", "/jobs/{job_id:str}/events"): CLIENTS,
    ("POST", "/jobs/{job_id:str}/cancel"): CLIENTS,
    ("PATCH", "/jobs/{job_id:str}"): CLIENTS,
    ("POST", "/workflows"): CLIENTS,
    ("GET", "/workflows"): CLIENTS,
    ("GET", "/workflows/{workflow_id:str}"): CLIENTS,
    ("PATCH", "/workflows/{workflow_id:str}"): CLIENTS,
    ("POST", "/workflows/{workflow_id:str}/cancel"): CLIENTS,
    ("POST", "/workflows/{workflow_id:str}/resume"): CLIENTS,
    ("POST", "/jobs/{job_id:str}/replay"): CLIENTS,
    ("POST", "/jobs/bulk"): CLIENTS,
    ("GET", "/dead-letters"): CLIENTS,
    ("POST", "/enrolment-tokens"): CLIENTS,
    ("POST", "/enrol"): ANYBODY,  # who shows a token in the body
    ("GET", "/install.sh"): ANYBODY,
    ("GET", "/agent/emp-agent"): ANYBODY,
    ("GET", "/agent/emp-agent.sha256"): ANYBODY,
    ("GET", "/machines"): CLIENTS,
    ("DELETE", "/machines/{machine_id:str}"): CLIENTS,
    ("GET", "/workers"): CLIENTS,
    ("GET", "/workers/{worker_id:str}"): CLIENTS,
    ("GET", "/workers/{worker_id:str}/next"): CLIENTS,
    ("GET", "/workers/{worker_id:str}/logs"): CLIENTS,
    ("PUT", "/artifacts/{sha256:str}"): BOTH,
    ("POST", "/artifacts"): CLIENTS,
    ("GET", "/artifacts/{sha256:str}"): BOTH,
    ("HEAD", "/artifacts/{sha256:str}"): BOTH,
    ("GET", "/artifacts/{sha256:str}/thumbnail"): CLIENTS,
    ("GET", "/hubs/artifacts/{sha256:str}"): NOBODY,
    ("HEAD", "/hubs/artifacts/{sha256:str}"): NOBODY,
    ("GET", "/hubs/artifacts/{sha256:str}/thumbnail"): NOBODY,
    ("GET", "/jobs/{job_id:str}/artifacts.zip"): CLIENTS,
    ("GET", "/jobs/{job_id:str}/explain"): CLIENTS,
    ("GET", "/health"): ANYBODY,
    ("GET", "/system/status"): CLIENTS,
    ("GET", "/"): ANYBODY,
    ("POST", "/api/jobs"): CLIENTS,
    ("GET", "/api/jobs/{job_id:str}"): CLIENTS,
    ("GET", "/metrics"): CLIENTS,
    ("GET", "/statistics"): CLIENTS,
    ("GET", "/queue/pending"): CLIENTS,
    ("GET", "/queue/active"): CLIENTS,
    ("GET", "/queue/completed"): CLIENTS,
    ("GET", "/queue/failed"): CLIENTS,
    ("GET", "/workers/{worker_id:str}/jobs"): CLIENTS,
    ("GET", "/dashboard"): ANYBODY,  # an empty page: what it shows it asks for with a key
    ("GET", "/dashboard/files/{name:str}"): ANYBODY,
    ("GET", "/dashboard/api/status"): CLIENTS,
    ("GET", "/dashboard/api/jobs"): CLIENTS,
    ("GET", "/dashboard/api/workers"): CLIENTS,
    ("GET", "/dashboard/api/metrics"): CLIENTS,
    ("GET", "/docs"): CLIENTS,
    ("GET", "/docs/openapi.json"): CLIENTS,
    ("GET", "/docs/oauth2-redirect.html"): CLIENTS,
    ("GET", "/docs/{path:str}"): CLIENTS,
    ("GET", "/docs-assets/{file_path:path}"): ANYBODY,
    ("HEAD", "/docs-assets/{file_path:path}"): ANYBODY,
}
REFUSED = {401, 403}


@pytest.fixture
async def closed(redis_url: str, tmp_path: Path) -> AsyncGenerator[RunningHub]:
    """A hub with keys."""
    client, worker = cast("str", KEYS["client"]), cast("str", KEYS["worker"])
    async with running_hub(
        redis_url, tmp_path, hub_api_keys=(client,), hub_worker_tokens=(worker,)
    ) as hub:
        yield hub


def routes(hub: RunningHub) -> set[tuple[str, str]]:
    """Every method and path that the hub answers, but for OPTIONS."""
    found = [route for route in application(hub.parts).routes if isinstance(route, HTTPRoute)]
    return {
        (method, route.path) for route in found for method in route.methods if method != "OPTIONS"
    }


def filled(path: str) -> str:
    """The path with something in its blanks."""
    return (
        path.replace("{sha256:str}", DIGEST)
        .replace("{file_path:path}", "swagger-ui.css")
        .replace("{name:str}", "page.css")
        .replace("{job_id:str}", "nobody")
        .replace("{path:str}", "nowhere")
        .replace("{worker_id:str}", "nobody")
        .replace("{machine_id:str}", "nobody")
    )


async def ask(hub: RunningHub, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=hub.url) as nobody:
        return await nobody.request(method, filled(path), headers=headers)


def bearer(kind: str) -> dict[str, str]:
    key = KEYS[kind]
    return {"Authorization": f"Bearer {key}"} if key else {}


async def test_every_route_lets_in_whom_it_should(closed: RunningHub) -> None:
    assert routes(closed) == set(MATRIX)
    let_in: dict[tuple[str, str], set[str]] = {route: set() for route in MATRIX}
    for method, path in MATRIX:
        for kind in KEYS:
            answer = await ask(closed, method, path, bearer(kind))
            assert answer.status_code < 500
            if answer.status_code not in REFUSED:
                let_in[method, path].add(kind)
    assert let_in == MATRIX


async def test_a_closed_door_says_what_opens_it(closed: RunningHub) -> None:
    answer = await ask(closed, "GET", "/jobs", bearer("wrong"))
    assert answer.status_code == 401
    assert answer.json() == {"error": "a client key is needed: Authorization: Bearer KEY"}
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "bearer {}"},
        {"X-API-Key": "{}"},
        {"X-API-Key": "{}", "Authorization": "x"},
    ],
    ids=str,
)
async def test_a_key_may_be_shown_in_more_than_one_way(
    closed: RunningHub, headers: dict[str, str]
) -> None:
    shown = {name: form.format(KEYS["client"]) for name, form in headers.items()}
    assert (await ask(closed, "GET", "/jobs", shown)).status_code == 200


async def test_a_refused_request_changes_nothing(closed: RunningHub) -> None:
    async with httpx.AsyncClient(base_url=closed.url, headers=bearer("worker")) as other:
        assert (await other.post("/jobs", json={"type": "t", "payload": {}})).status_code == 401
    assert (await closed.rest.get("/jobs")).json()["total_count"] == 0


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1.evil"])
async def test_a_page_of_another_site_is_refused_even_without_keys(
    hub: RunningHub, origin: str
) -> None:
    for method, path in (("POST", "/jobs"), ("GET", "/jobs"), ("PUT", "/artifacts/" + DIGEST)):
        answer = await ask(hub, method, path, {"Origin": origin})
        assert (answer.status_code, answer.json()) == (
            403, {"error": "requests from pages of other origins are refused"},
        )  # fmt: skip
    async with connect(hub.url.replace("http", "ws") + "/ws/worker/w1", origin=origin) as socket:  # pyright: ignore[reportArgumentType] - an Origin is a str
        await socket.wait_closed()
        assert socket.close_code == 1008


async def test_a_page_of_this_hub_is_let_in(hub: RunningHub) -> None:
    assert (await ask(hub, "GET", "/jobs", {"Origin": hub.url})).status_code == 200


@pytest.mark.parametrize("kind", ["none", "wrong", "client"])
async def test_a_worker_without_its_token_is_told_why(closed: RunningHub, kind: str) -> None:
    address = closed.url.replace("http", "ws") + "/ws/worker/w1"
    async with connect(address, additional_headers=bearer(kind)) as socket:
        await socket.wait_closed()
        assert socket.close_code == 1008
        assert (socket.close_reason or "").startswith("Invalid authentication: a worker key")


@pytest.mark.parametrize("path", ["/?type=worker&id=w1&{}={}", "/ws/worker/w1?{}={}"])
@pytest.mark.parametrize("name", ["token", "auth"])
async def test_a_token_in_the_address_works_for_workers_of_the_original(
    closed: RunningHub, path: str, name: str
) -> None:
    async with connected(closed.url, path=path.format(name, KEYS["worker"])) as worker:
        await worker.register()


async def test_a_token_in_a_header_works(closed: RunningHub) -> None:
    async with connected(closed.url, additional_headers=bearer("worker")) as worker:
        await worker.register()


async def test_no_key_is_ever_logged(closed: RunningHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for ours in ("httpx", "httpcore", "websockets.client"):
        caplog.set_level(logging.WARNING, ours)
    path = f"/?type=worker&id=w1&token={KEYS['worker']}"
    async with connected(closed.url, path=path) as worker:
        await worker.register()
    for kind, key in KEYS.items():
        await ask(closed, "GET", f"/jobs?token={key}", bearer(kind))
    assert "canary" not in caplog.text
