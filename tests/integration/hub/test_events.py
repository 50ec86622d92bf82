"""A job's events as they happen."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hub.store import news
from tests.support.hubs import RunningHub
from tests.support.wire_worker import WireWorker

Told = dict[str, Any]
"""One message of the stream: its fields by name, with `data` decoded."""


async def messages(lines: AsyncIterator[str]) -> AsyncIterator[Told]:
    told: Told = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line:
            told[name or "comment"] = json.loads(value) if name == "data" else value
        else:
            yield told
            told = {}


@asynccontextmanager
async def following(
    hub: RunningHub, job_id: str, after: str | None = None
) -> AsyncGenerator[AsyncIterator[Told]]:
    """A reader of the job's events."""
    headers = {"Last-Event-ID": after} if after else {}
    async with hub.rest.stream("GET", f"/jobs/{job_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield messages(answer.aiter_lines())


async def all_told(hub: RunningHub, job_id: str, after: str | None = None) -> list[Told]:
    """Everything until the stream ends, as it does when the job has ended."""
    async with asyncio.timeout(20), following(hub, job_id, after) as stream:
        return [each async for each in stream]


def names(told: list[Told]) -> list[str]:
    return [each["event"] for each in told]


@pytest.fixture
async def worker(hub: RunningHub) -> WireWorker:
    return await hub.worker()


async def run_through(hub: RunningHub, worker: WireWorker) -> str:
    """A job that has come to its end; its id."""
    job_id = await hub.submit()
    job = await worker.take()
    await worker.report(job, 50, message="half", details={"node": 3})
    await worker.complete(job)
    await hub.becomes(job_id, "completed")
    return job_id


async def test_everything_that_happened_is_told_in_order_and_then_the_stream_ends(
    hub: RunningHub, worker: WireWorker
) -> None:
    job_id = await hub.submit()
    reading = asyncio.create_task(all_told(hub, job_id))
    job = await worker.take()
    await worker.report(job, 50, message="half", details={"node": 3})
    await hub.becomes(job_id, "in_progress")
    await worker.complete(job)
    told = await reading
    assert names(told) == ["submitted", "claimed", "started", "progress", "completed"]
    progress = told[3]["data"]
    assert (progress["job_id"], progress["status"], progress["attempt"]) == (
        job_id, "in_progress", 1,
    )  # fmt: skip
    assert (progress["progress"], progress["message"]) == (50, "half")
    assert (progress["details"], progress["worker_id"]) == ({"node": 3}, "w1")
    assert told[-1]["data"]["status"] == "completed"
    assert sorted({each["data"]["at"] for each in told}) == list(
        dict.fromkeys(each["data"]["at"] for each in told)
    )


async def test_a_reader_resumes_behind_the_last_event_it_saw(
    hub: RunningHub, worker: WireWorker
) -> None:
    job_id = await run_through(hub, worker)
    told = await all_told(hub, job_id)
    for seen in range(len(told)):
        assert await all_told(hub, job_id, told[seen]["id"]) == told[seen + 1 :]


async def test_a_reader_that_has_seen_the_end_is_not_kept_waiting(
    hub: RunningHub, worker: WireWorker
) -> None:
    told = await all_told(hub, await run_through(hub, worker))
    assert await all_told(hub, told[-1]["data"]["job_id"], told[-1]["id"]) == []


async def test_two_readers_hear_the_same_and_one_may_leave(
    hub: RunningHub, worker: WireWorker
) -> None:
    job_id = await hub.submit()
    staying = asyncio.create_task(all_told(hub, job_id))
    async with following(hub, job_id) as leaving:
        assert (await anext(leaving))["event"] == "submitted"
    job = await worker.take()
    async with following(hub, job_id) as third:
        await worker.fail(job, "broke", retry=False)
        seen = [each async for each in third]
    told = await staying
    assert names(told) == names(seen) == ["submitted", "claimed", "failed"]
    assert told[-1]["data"]["message"] == "broke"


@pytest.mark.parametrize("end", ["cancelled", "failed"])
async def test_every_terminal_state_ends_the_stream(
    hub: RunningHub, worker: WireWorker, end: str
) -> None:
    job_id = await hub.submit()
    if end == "cancelled":
        await hub.rest.post(f"/jobs/{job_id}/cancel")
    else:
        await worker.fail(await worker.take(), retry=False)
    assert names(await all_told(hub, job_id))[-1] == end


async def test_a_reader_hears_a_comment_while_nothing_happens(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "FALLBACK_S", 0.01)
    job_id = await hub.submit()
    async with following(hub, job_id) as stream:
        assert (await anext(stream))["event"] == "submitted"
        assert await anext(stream) == {"comment": "nothing new"}
        await hub.rest.post(f"/jobs/{job_id}/cancel")
        rest = [each async for each in stream]
    assert [each["event"] for each in rest if "event" in each] == ["cancelled"]


@pytest.mark.parametrize("after", ["yesterday", "1-2-3", "-1", "9" * 21])
async def test_an_id_of_no_event_is_refused(hub: RunningHub, after: str) -> None:
    job_id = await hub.submit()
    answer = await hub.rest.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": after})
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, "Last-Event-ID")


async def test_a_job_that_is_purged_under_its_reader_ends_the_stream(hub: RunningHub) -> None:
    job_id = await hub.submit()
    await hub.rest.post(f"/jobs/{job_id}/cancel")
    async with following(hub, job_id) as stream:
        assert await hub.parts.jobs.purge("cancelled", 0) == 1
        assert set(names([each async for each in stream])) <= {"submitted", "cancelled"}
