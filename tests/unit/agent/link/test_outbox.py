"""The reports that wait for the hub's acknowledgement."""

import asyncio

import pytest

from agent.link.outbox import Outbox
from shared.jobs import Lease
from shared.messages import CompleteJob

FIRST, SECOND, OTHER = Lease("a", 1, "x"), Lease("a", 2, "y"), Lease("b", 1, "z")


def report(lease: Lease) -> CompleteJob:
    return CompleteJob(
        job_id=lease.job_id, worker_id="w1", attempt=lease.attempt, lease=lease.id, result={}
    )


@pytest.fixture
async def outbox() -> Outbox:
    outbox = Outbox()
    for lease in (FIRST, SECOND, OTHER):
        outbox.keep(lease, report(lease))
    return outbox


async def test_reports_are_kept_in_order(outbox: Outbox) -> None:
    assert outbox.leases == (FIRST, SECOND, OTHER)
    assert outbox.reports == (report(FIRST), report(SECOND), report(OTHER))


async def test_an_ack_is_for_one_attempt(outbox: Outbox) -> None:
    outbox.acknowledge("a", 1)
    assert outbox.leases == (SECOND, OTHER)


async def test_an_ack_without_an_attempt_is_for_the_whole_job(outbox: Outbox) -> None:
    outbox.acknowledge("a", None)
    assert outbox.leases == (OTHER,)


async def test_an_ack_of_something_else_changes_nothing(outbox: Outbox) -> None:
    outbox.acknowledge("c", 1)
    outbox.acknowledge("b", 2)
    assert outbox.leases == (FIRST, SECOND, OTHER)


async def test_it_is_settled_when_nothing_is_kept(outbox: Outbox) -> None:
    settled = asyncio.create_task(outbox.settled())
    outbox.drop(FIRST)
    outbox.acknowledge("a", 2)
    await asyncio.sleep(0)
    assert not settled.done()
    outbox.drop(OTHER)
    outbox.drop(OTHER)
    await settled


async def test_an_empty_one_is_settled() -> None:
    await Outbox().settled()
