"""What an earlier agent has left goes on, is stopped or is given back."""

import asyncio
from pathlib import Path

import pytest

from agent.ledger import Ledger
from agent.link.reports import final_report
from agent.runner import Succeeded
from shared.messages import (
    CancelJob,
    CompleteJob,
    JobAssigned,
    JobCompletedAck,
    RegisterWorker,
    ReleaseJob,
)
from tests.fakes.hub import assignment, lease_of
from tests.support.desks import Desk
from tests.support.ledgers import kept_below


def left_behind(folder: Path, **notes: str) -> JobAssigned:
    """What a killed agent leaves of an attempt."""
    ledger, job = Ledger.at(folder), assignment("left")
    ledger.take(job)
    ledger.note(lease_of(job), notes)
    ledger.close()
    return job


async def test_what_an_earlier_agent_left_is_named_and_goes_on(tmp_path: Path) -> None:
    job = left_behind(tmp_path, id="p")
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(tasks, Ledger.at(tmp_path))
        desk.worker.register()
        assert desk.all(RegisterWorker)[0].running == (lease_of(job),)
        desk.welcome()
        desk.worker.resume(("scripted",))
        await desk.connector.started("left")
        await desk.finish(job)
    assert [each.job_id for each in desk.all(CompleteJob)] == ["left"]


async def test_a_report_that_an_earlier_agent_left_is_sent_until_it_is_acknowledged(
    tmp_path: Path,
) -> None:
    job, ledger = left_behind(tmp_path), Ledger.at(tmp_path)
    ledger.take(job)
    ledger.end(lease_of(job), final_report(job, Succeeded({"seed": 1})))
    ledger.close()
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(tasks, Ledger.at(tmp_path))
        desk.worker.register()
        desk.welcome()
        assert [each.result for each in desk.all(CompleteJob)] == [{"seed": 1}]
        desk.worker.hear(
            JobCompletedAck(
                job_id=job.job_id, worker_id="w1", attempt=job.attempt, status="completed"
            )
        )
    assert kept_below(tmp_path) == []


async def test_what_was_left_and_lost_is_stopped_once_it_can_be(tmp_path: Path) -> None:
    job = left_behind(tmp_path, id="p")
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(tasks, Ledger.at(tmp_path))
        desk.worker.register()
        desk.welcome(lease_of(job))
        assert desk.worker.leases == ()
        desk.worker.resume(("scripted",))
        await desk.slots.idle()
    assert desk.connector.stopped == ["left"]
    assert kept_below(tmp_path) == []


@pytest.mark.parametrize("is_lost", [False, True])
async def test_what_was_left_is_given_back_without_an_engine(
    tmp_path: Path, *, is_lost: bool
) -> None:
    job = left_behind(tmp_path, id="p")
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(tasks, Ledger.at(tmp_path))
        desk.welcome(*[lease_of(job)] * is_lost)
        desk.worker.resume(("another",))
        desk.worker.resume(("scripted",))
    assert len(desk.all(ReleaseJob)) == (0 if is_lost else 1)
    assert len(kept_below(tmp_path)) == (0 if is_lost else 1)


async def test_what_is_not_ours_any_more_is_kept_until_it_has_stopped(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(tasks, Ledger.at(tmp_path))
        desk.welcome()
        job = assignment("a")
        desk.worker.hear(job)
        await desk.connector.started("a")
        desk.worker.ledger.note(lease_of(job), {"id": "p"})
        desk.connector.may_stop.clear()
        desk.worker.hear(CancelJob(job_id="a"))
        await desk.connector.stopping("a")
        assert len(kept_below(tmp_path)) == 1
        desk.connector.may_stop.set()
        await desk.slots.idle()
    assert kept_below(tmp_path) == []
