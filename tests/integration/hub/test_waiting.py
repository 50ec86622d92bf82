"""Requests that wait for the end of a job: how they end, and that the job does not care."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.store.news import News
from shared.messages import JobCompletedAck
from tests.integration.hub.test_events import following
from tests.support.hubs import RunningHub, running_hub
from tests.support.waiting import wait_until
from tests.support.wire_worker import WireWorker

JOB = {"job_type": "simulation", "payload": {"n": 1}, "wait": True, "timeout": 30}


@pytest.fixture
async def worker(hub: RunningHub) -> WireWorker:
    return await hub.worker()


def asking(hub: RunningHub, **changes: Any) -> asyncio.Task[httpx.Response]:
    return asyncio.create_task(hub.rest.post("/api/jobs", json=JOB | changes))


@pytest.fixture
async def few(redis_url: str, tmp_path: Path) -> AsyncGenerator[RunningHub]:
    """A hub in which one request may wait."""
    async with running_hub(redis_url, tmp_path, hub_max_waits=1) as hub:
        yield hub


async def test_the_answer_comes_with_the_result(hub: RunningHub, worker: WireWorker) -> None:
    asked = asking(hub, priority=7, customer_id="c")
    job = await worker.take()
    await worker.report(job, 50)
    await worker.complete(job, {"files": []})
    answer = await asked
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["result"]) == ("completed", {"files": []})
    assert (told["job_id"], told["worker_id"], told["priority"]) == (job.job_id, "w1", 7)
    assert (told["client_id"], told["error"], told["failures"]) == ("c", None, 0)
    assert told["created_at"] <= told["claimed_at"] <= told["completed_at"]


async def test_the_answer_comes_with_the_failure(hub: RunningHub, worker: WireWorker) -> None:
    asked = asking(hub, max_retries=0)
    await worker.fail(await worker.take(), "no such model", retry=False)
    answer = await asked
    told = answer.json()
    assert (answer.status_code, told["status"], told["failures"]) == (200, "failed", 1)
    assert (told["error"], told["result"]) == ("no such model", None)


async def test_the_answer_comes_when_the_job_is_cancelled(hub: RunningHub) -> None:
    asked = asking(hub, job_id="mine-1")
    await wait_until(lambda: is_there(hub, "mine-1"))
    await hub.rest.post("/jobs/mine-1/cancel")
    answer = await asked
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


async def test_when_the_time_is_over_the_job_goes_on(hub: RunningHub, worker: WireWorker) -> None:
    answer = await asking(hub, timeout=0.2)
    told = answer.json()
    assert (answer.status_code, told["completed_at"]) == (202, None)
    assert told["error"] == "Timeout: Job did not complete within 0.2 seconds"
    job = await worker.take()
    assert job.job_id == told["job_id"]
    await worker.complete(job)
    await hub.becomes(told["job_id"], "completed")


async def test_a_client_that_leaves_frees_its_place_and_its_job_goes_on(
    few: RunningHub, worker_of_few: WireWorker
) -> None:
    asked = asking(few, job_id="left")
    await wait_until(lambda: is_there(few, "left"))
    refused = await few.rest.post("/api/jobs", json=JOB | {"job_id": "late"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert refused.json()["error"].startswith("wait: 1 requests wait for jobs already")
    assert (await few.rest.get("/jobs/late")).status_code == 404
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await worker_of_few.complete(await worker_of_few.take())
    await few.becomes("left", "completed")
    assert (await asking(few, timeout=0.1)).status_code == 202


@pytest.fixture
async def worker_of_few(few: RunningHub) -> WireWorker:
    return await few.worker()


async def test_the_same_job_sent_again_is_the_same_job(hub: RunningHub, worker: WireWorker) -> None:
    first, second = asking(hub, job_id="twice"), asking(hub, job_id="twice")
    await worker.complete(await worker.take(), "one")
    told = [(await each).json() for each in (first, second)]
    assert [(each["job_id"], each["result"]) for each in told] == [("twice", "one")] * 2
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 1
    other = await asking(hub, job_id="twice", payload={"n": 2})
    assert (other.status_code, other.json()["error"]) == (
        409, "job_id: another job has the id twice",
    )  # fmt: skip


async def test_a_request_with_a_key_waits_again_where_it_was_left(
    hub: RunningHub, worker: WireWorker
) -> None:
    headers = {"Idempotency-Key": "wait-1"}
    early = await hub.rest.post("/api/jobs", json=JOB | {"timeout": 0.1}, headers=headers)
    assert early.status_code == 202
    asked = asyncio.create_task(
        hub.rest.post("/api/jobs", json=JOB | {"timeout": 0.1}, headers=headers)
    )
    assert (await asked).json()["job_id"] == early.json()["job_id"]
    await worker.complete(await worker.take())
    await worker.expect(JobCompletedAck)
    late = await hub.rest.post("/api/jobs", json=JOB | {"timeout": 0.1}, headers=headers)
    assert (late.status_code, late.json()["job_id"]) == (200, early.json()["job_id"])
    other = await hub.rest.post("/api/jobs", json=JOB | {"payload": {}}, headers=headers)
    assert other.status_code == 422


async def test_a_hub_that_stops_lets_everybody_go(hub: RunningHub) -> None:
    asked = asking(hub)
    await wait_until(lambda: has_jobs(hub))
    hub.parts.waits.stop()
    answer = await asked
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")


async def test_a_job_that_is_removed_meanwhile_is_told_so(
    hub: RunningHub, worker: WireWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        return None

    monkeypatch.setattr(type(hub.parts.views), "job", gone)
    asked = asking(hub)
    await worker.complete(await worker.take())
    assert (await asked).status_code == 404


async def test_nobody_watches_when_nobody_waits(hub: RunningHub) -> None:
    await asking(hub, timeout=0.1)
    assert readers_of(hub.parts.news) == 0


async def test_nobody_watches_when_the_streams_of_a_hub_that_stops_have_ended(
    hub: RunningHub,
) -> None:
    async with following(hub, await hub.submit()) as stream:
        await anext(stream)
        assert readers_of(hub.parts.news) == 1
        hub.parts.waits.stop()
        assert [each async for each in stream] == []
    assert readers_of(hub.parts.news) == 0


async def test_nobody_watches_when_the_reader_of_a_stream_has_left(hub: RunningHub) -> None:
    async with following(hub, await hub.submit()) as stream:
        await anext(stream)
        assert readers_of(hub.parts.news) == 1
    await wait_until(lambda: readers_of(hub.parts.news) == 0)


def readers_of(news: News) -> int:
    return len(news._readers)  # pyright: ignore[reportPrivateUsage]


async def is_there(hub: RunningHub, job_id: str) -> bool:
    return (await hub.rest.get(f"/jobs/{job_id}")).status_code == 200


async def has_jobs(hub: RunningHub) -> bool:
    return (await hub.rest.get("/jobs")).json()["total_count"] == 1
