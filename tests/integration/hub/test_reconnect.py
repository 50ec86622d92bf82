"""A worker that comes back, or comes twice."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.artifacts.values import Values
from hub.sessions import AgentPeer, Connection
from hub.sessions.pieces import Pieces
from hub.store.keys import key
from hub.store.workers import Workers
from shared.jobs import Lease
from shared.messages import (
    CancelJob,
    Error,
    JobAssigned,
    JobCompletedAck,
    RegisterWorker,
    WorkerHeartbeatAck,
)
from shared.wire import encode
from tests.support.hubs import RunningHub, running_hub
from tests.support.scripted_socket import ScriptedSocket
from tests.support.waiting import wait_until
from tests.support.wire_worker import SIMULATION, WireWorker, lease_of


async def cut_off(hub: RunningHub, worker: WireWorker) -> None:
    """End the connection as a lost network does; return when the hub has noticed."""
    worker.socket.transport.abort()

    async def is_gone() -> bool:
        known = await hub.parts.workers.get(worker.worker_id)
        return known is not None and known.gone_at is not None

    await wait_until(is_gone)


async def lost(hub: RunningHub, lease: Lease) -> None:
    """Let the lease run out, and the reaper find it."""
    redis = hub.parts.client.redis
    await redis.zadd(key("leases"), {lease.job_id: 1})
    assert await hub.parts.views.expired() == [lease]
    assert await hub.parts.jobs.reap(lease, 0) == "pending"


@pytest.fixture
async def job(hub: RunningHub) -> JobAssigned:
    """A job that w1 was running when its connection was lost."""
    worker = await hub.worker()
    await hub.submit()
    job = await worker.take()
    await worker.report(job, 10)
    await hub.becomes(job.job_id, "in_progress")
    await cut_off(hub, worker)
    return job


async def test_a_worker_that_returns_keeps_what_it_runs(hub: RunningHub, job: JobAssigned) -> None:
    back = await hub.peer()
    welcome = await back.register(running=(lease_of(job),))
    assert welcome.lost == ()
    await back.complete(job, "done")
    assert (await back.expect(JobCompletedAck)).status == "completed"
    assert (await hub.job(job.job_id))["attempt"] == 1


async def test_what_it_runs_counts_against_its_slots(hub: RunningHub, job: JobAssigned) -> None:
    await hub.submit()
    back = await hub.peer()
    await back.register(running=(lease_of(job),))
    with pytest.raises(AssertionError, match="0 are free"):
        await back.take()


async def test_a_worker_that_returns_too_late_is_told_what_it_lost(
    hub: RunningHub, job: JobAssigned
) -> None:
    await lost(hub, lease_of(job))
    other = await hub.worker("w2")
    assert (await other.take()).attempt == 2
    back = await hub.peer()
    welcome = await back.register(running=(lease_of(job),))
    assert welcome.lost == (lease_of(job),)
    await back.complete(job)
    assert (await back.expect(JobCompletedAck)).status == "superseded"
    assert (await hub.job(job.job_id))["worker_id"] == "w2"


async def test_what_nobody_took_meanwhile_is_taken_up_again(
    hub: RunningHub, job: JobAssigned
) -> None:
    await lost(hub, lease_of(job))
    back = await hub.peer()
    assert (await back.register(running=(lease_of(job),))).lost == ()
    again = await hub.job(job.job_id)
    assert (again["status"], again["reason"], again["attempt"]) == ("in_progress", "adopted", 1)


async def test_a_report_takes_up_again_what_nobody_took(hub: RunningHub) -> None:
    worker = await hub.worker()
    await hub.submit()
    job = await worker.take()
    await lost(hub, lease_of(job))
    await worker.report(job, 60)
    again = await hub.becomes(job.job_id, "in_progress")
    assert (again["reason"], again["attempt"]) == ("adopted", 1)


async def test_a_result_that_comes_late_is_adopted(hub: RunningHub, job: JobAssigned) -> None:
    await lost(hub, lease_of(job))
    back = await hub.worker()
    await back.complete(job, "worth keeping")
    assert (await back.expect(JobCompletedAck)).status == "adopted"
    done = await hub.job(job.job_id)
    assert (done["status"], done["result"], done["attempt"]) == ("completed", "worth keeping", 1)


async def test_a_report_whose_answer_was_lost_is_answered_again(
    hub: RunningHub, job: JobAssigned
) -> None:
    back = await hub.worker()
    for _ in range(2):
        await back.complete(job, "once")
        assert (await back.expect(JobCompletedAck)).status == "completed"


async def test_an_attempt_that_is_lost_is_to_be_stopped_though_this_connection_never_had_it(
    hub: RunningHub, job: JobAssigned
) -> None:
    await hub.rest.post(f"/jobs/{job.job_id}/cancel")
    back = await hub.worker()
    await back.report(job, 60)
    assert (await back.expect(CancelJob)).job_id == job.job_id


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same hub", "another hub"])
async def test_the_newer_connection_of_a_worker_wins(
    hub: RunningHub, redis_url: str, tmp_path: Path, *, elsewhere: bool
) -> None:
    older = await hub.worker()
    await hub.submit()
    job = await older.take()
    async with running_hub(redis_url, tmp_path) as second:
        newer = await (second if elsewhere else hub).peer()
        await newer.register(running=(lease_of(job),))
        assert await older.expect_close() == (
            4409, "the worker's id was registered on another connection",
        )  # fmt: skip
        await newer.beat(lease_of(job))
        assert (await newer.expect(WorkerHeartbeatAck)).lost == ()
        await newer.complete(job)
        assert (await newer.expect(JobCompletedAck)).status == "completed"
        known = await hub.parts.workers.get("w1")
        assert known is not None
        assert known.gone_at is None


async def test_a_worker_that_was_replaced_unnoticed_is_sent_away_when_it_is_heard(
    hub: RunningHub,
) -> None:
    older = await hub.worker()
    await hub.parts.client.command("HSET", key("worker", "w1"), "session", "another")
    await older.beat()
    assert (await older.expect_close())[0] == 4409


async def test_a_worker_that_was_replaced_unnoticed_is_sent_away_when_it_asks_for_work(
    hub: RunningHub,
) -> None:
    older = await hub.worker()
    await hub.parts.client.command("HSET", key("worker", "w1"), "session", "another")
    await older.claim()
    assert (await older.expect_close())[0] == 4409


async def test_news_of_an_eviction_or_a_cancel_reaches_the_session_that_is_meant_alone(
    hub: RunningHub,
) -> None:
    worker = await hub.worker()
    registry = hub.parts.registry
    registry.evict("an older session", "w1")
    registry.evict("any", "nobody")
    registry.cancel("a job of another connection", "w1")
    registry.cancel("any", "nobody")
    await worker.beat()
    await worker.expect(WorkerHeartbeatAck)


async def test_a_connection_that_ends_shortens_its_leases(redis_url: str, tmp_path: Path) -> None:
    async with running_hub(redis_url, tmp_path, hub_grace_s=5) as hub:
        worker = await hub.worker()
        await hub.submit()
        job = await worker.take()
        leases, job_id = key("leases"), job.job_id
        long_ms = await hub.parts.client.redis.zscore(leases, job_id)
        await cut_off(hub, worker)
        short_ms = await hub.parts.client.redis.zscore(leases, job_id)
        now_ms = await hub.parts.views.now_ms()
        assert long_ms is not None
        assert short_ms is not None
        assert short_ms <= now_ms + 5_000 < long_ms
        back = await hub.peer()
        await back.register(running=(lease_of(job),))
        renewed_ms = await hub.parts.client.redis.zscore(leases, job_id)
        assert renewed_ms is not None
        assert renewed_ms > now_ms + 5_000


async def test_a_connection_that_loses_one_of_its_workers_keeps_the_others(
    hub: RunningHub,
) -> None:
    first = await hub.worker("w1")
    await first.beside("w2").register()
    await hub.submit()
    job = await first.take()
    other = await hub.worker("w2")
    told = await first.expect(Error)
    assert told.error.startswith("worker_id: w2: the worker's id was registered on another")
    assert told.details == {"worker_id": "w2", "code": 4409}
    await first.beside("w2").beat()
    assert "w2 is not registered on this connection" in (await first.expect(Error)).error
    await first.complete(job)
    assert (await first.expect(JobCompletedAck)).status == "completed"
    await hub.submit()
    await other.take()
    last = await hub.worker("w1")
    assert (await first.expect_close())[0] == 4409
    await last.beat()
    await last.expect(WorkerHeartbeatAck)


async def test_a_connection_that_dies_while_its_worker_registers_leaves_no_ghost(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_reached, may_go_on = asyncio.Event(), asyncio.Event()
    register = Workers.register

    async def late(*arguments: Any) -> str:
        is_reached.set()
        await may_go_on.wait()
        return await register(*arguments)

    monkeypatch.setattr(Workers, "register", late)
    socket = ScriptedSocket(is_lost=True)
    frame = encode(RegisterWorker(worker_id="w1", capabilities=SIMULATION))
    socket.said.put_nowait({"type": "websocket.receive", "text": frame})
    connection, parts = (
        Connection(socket, Pieces(Path("nowhere"), 0, Values(Path("nowhere")))),
        hub.parts,
    )
    agent = AgentPeer(parts.desk, parts.registry, parts.counter, connection)
    running = asyncio.create_task(connection.run(agent))
    await is_reached.wait()
    socket.reads.set()  # what the hub says next finds nobody
    await socket.has_failed.wait()
    may_go_on.set()
    await running
    known = await hub.parts.workers.get("w1")
    assert known is not None
    assert known.gone_at is not None
