"""The original's monitor page: what it sends, and every field that it reads of the answers."""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define
from websockets.asyncio.client import ClientConnection, connect

from hub.sessions import stats as stats_module
from tests.support.hubs import RunningHub, running_hub
from tests.support.wire_worker import WireWorker

PAGE = "http://localhost:3003"
Told = dict[str, Any]


@define(eq=False)
class Monitor:
    """The two connections that the page has, and its requests."""

    hub: RunningHub
    monitor: ClientConnection
    client: ClientConnection

    async def broadcast(self) -> Told:
        """The next that the monitor's connection is told."""
        return await heard(self.monitor, "stats_broadcast")

    async def shows(self, job_id: str, listed: str) -> Told:
        """The job in one of the lists, as soon as it is there."""
        while True:
            jobs = (await self.broadcast())["system"]["jobs"][listed]
            found = [job for job in jobs if job["id"] == job_id]
            if found:
                return found[0]

    async def submits(self) -> Told:
        """What it sends on *Submit Job: WebSocket*, and the answer."""
        asked = {
            "type": "submit_job", "job_type": "simulation", "priority": 5, "payload": {"steps": 20},
            "timestamp": now_ms(), "message_id": "job-submit-1",
        }  # fmt: skip
        await self.client.send(json.dumps(asked))
        return await heard(self.client, "job_accepted")


async def heard(socket: ClientConnection, type_: str) -> Told:
    """The next message of a type."""
    while True:
        message = json.loads(await socket.recv())
        assert message["type"] not in {"error", "unknown"}, message
        if message["type"] == type_:
            return message


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
async def page(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Monitor]:
    """The page, from a server of its own, with a token that this open hub does not know."""
    monkeypatch.setattr(stats_module, "FRESH_S", 0)
    changes: Any = {"cors_origins": (PAGE,), "stats_broadcast_interval_ms": 250.0}
    async with (
        running_hub(redis_url, tmp_path, **changes) as hub,
        AsyncExitStack() as stack,
    ):
        sockets: list[ClientConnection] = []
        for kind in ("monitor", "client"):
            url = f"{hub.url}/ws/{kind}/{kind}-id-{now_ms()}?token=whatever-it-is"
            options: Any = {"origin": PAGE}
            sockets.append(
                await stack.enter_async_context(connect(url.replace("http", "ws"), **options))
            )
        yield Monitor(hub, *sockets)


@pytest.fixture
async def worker(page: Monitor) -> WireWorker:
    return await page.hub.worker()


async def test_both_connections_are_greeted(page: Monitor) -> None:
    for socket in (page.monitor, page.client):
        assert (await heard(socket, "connection_established"))["message"]


async def test_the_workers_table_has_all_it_shows(page: Monitor, worker: WireWorker) -> None:
    job_id = (await page.submits())["job_id"]
    await worker.complete(await worker.take())
    await page.shows(job_id, "completed_jobs")
    told = await page.broadcast()
    assert told["connections"]["workers"] == ["w1"]
    assert len(told["connections"]["clients"]) == len(told["connections"]["monitors"]) == 1
    known = told["workers"]["w1"]
    assert known["status"] == "idle"
    assert known["capabilities"]["services"] == ["simulation"]
    assert known["jobs_processed"] == 1
    assert [each["id"] for each in told["system"]["workers"]["active_workers"]] == ["w1"]


async def test_the_jobs_table_has_all_it_shows(page: Monitor, worker: WireWorker) -> None:
    waits = await page.hub.submit(priority=1)
    pending = await page.shows(waits, "pending_jobs")
    assert (await page.broadcast())["system"]["queues"]["total"] == 1
    assert (pending["job_type"], pending["priority"]) == ("simulation", 1)
    job = await worker.take()
    await worker.report(job, 40)
    active = await page.shows(waits, "active_jobs")
    assert (active["status"], active["worker_id"]) == ("active", "w1")
    while active["progress"] != 40:
        active = await page.shows(waits, "active_jobs")
    assert (await page.broadcast())["system"]["jobs"]["status"]["processing"] == 1
    await worker.fail(job, "broke", retry=False)
    failed = await page.shows(waits, "failed_jobs")
    assert failed["worker_id"] == "w1"
    for each in (pending, active, failed):  # it reads times in seconds
        assert abs(each["created_at"] - time.time()) < 60
        assert each["created_at"] <= each["updated_at"]


async def test_a_job_of_its_own_is_told_to_its_end(page: Monitor, worker: WireWorker) -> None:
    accepted = await page.submits()
    assert (accepted["status"], accepted["position"]) == ("pending", 0)
    job = await worker.take()
    await worker.report(job, 60, message="half")
    progress = await heard(page.client, "update_job_progress")
    assert (progress["job_id"], progress["worker_id"]) == (accepted["job_id"], "w1")
    while progress["progress"] != 60:
        progress = await heard(page.client, "update_job_progress")
    assert progress["status"] != "service_request"
    await worker.complete(job, {"files": []})
    done = await heard(page.client, "complete_job")
    assert (done["job_id"], done["worker_id"], done["result"]) == (
        accepted["job_id"], "w1", {"files": []},
    )  # fmt: skip


async def test_its_buttons_cancel_and_retry(page: Monitor, worker: WireWorker) -> None:
    first = (await page.submits())["job_id"]
    seconds = time.time()  # these two messages have their time in seconds
    cancel = {"type": "cancel_job", "job_id": first, "reason": "x", "timestamp": seconds}
    await page.client.send(json.dumps(cancel))
    assert (await heard(page.client, "job_cancelled"))["job_id"] == first
    second = (await page.submits())["job_id"]
    await worker.fail(await worker.take(), "broke", retry=False)
    failed = await heard(page.client, "fail_job")
    assert (failed["job_id"], failed["worker_id"], failed["error"]) == (second, "w1", "broke")
    retry = {"type": "force_retry_job", "job_id": second, "timestamp": seconds}
    await page.client.send(json.dumps(retry))
    assert (await heard(page.client, "job_accepted"))["job_id"]


async def test_its_requests_come_in_from_another_origin(page: Monitor) -> None:
    body: Told = {
        "job_type": "simulation", "payload": {}, "priority": 5, "wait": False, "timeout": 300,
        "job_id": "from-the-page",
    }  # fmt: skip
    async with httpx.AsyncClient(base_url=page.hub.url, headers={"Origin": PAGE}) as browser:
        asks = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        allowed = await browser.options("/api/jobs", headers=asks)
        assert allowed.status_code < 300
        assert allowed.headers["access-control-allow-origin"] == PAGE
        assert "POST" in allowed.headers["access-control-allow-methods"]
        assert "content-type" in allowed.headers["access-control-allow-headers"].lower()
        accepted = await browser.post("/api/jobs", json=body)
        told = await browser.get("/api/jobs/from-the-page")
    for answer in (accepted, told):
        assert answer.is_success
        assert answer.headers["access-control-allow-origin"] == PAGE
    assert accepted.json()["job_id"] == "from-the-page"
    assert (told.json()["status"], told.json()["position"]) == ("pending", 0)


async def test_other_pages_stay_outside(page: Monitor) -> None:
    headers = {"Origin": "http://localhost:3004"}
    async with httpx.AsyncClient(base_url=page.hub.url, headers=headers) as browser:
        refused = await browser.get("/jobs")
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers
