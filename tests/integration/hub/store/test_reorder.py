"""reorder: a workflow gets another priority, and with it every job that has not ended."""

import pytest

from hub.store.workflows import Outcome
from shared.matching import Capability, Requirement
from shared.states import Reason
from tests.support.graphs import FORK, Flow, graph
from tests.support.store import Hand, Store, failure, spec

BOTH = Capability(services=("simulation", "other"))


@pytest.mark.parametrize("priority", [90, 0])
async def test_waiting_jobs_move_in_every_lane(store: Store, priority: int) -> None:
    hand = await store.hand("w2", capability=BOTH)
    other = Requirement(service_type="other")
    mine = [
        (await store.jobs.submit(spec(workflow_id="f", priority=10, requirement=each))).job_id
        for each in (spec().requirement, other)
    ]
    theirs = [
        (await store.jobs.submit(spec(priority=50, requirement=each))).job_id
        for each in (spec().requirement, other)
    ]
    assert await store.workflows.reorder("f", priority) == Outcome("reordered", "2")
    order = [each.lease.job_id for each in await hand.claim(10)]
    assert order == (mine + theirs if priority == 90 else theirs + mine)


async def test_delayed_and_running_jobs_return_to_their_new_place(store: Store, hand: Hand) -> None:
    delayed = await hand.take(spec(workflow_id="f", priority=10))
    await store.jobs.fail(delayed, failure(), 0)
    running = await hand.take(spec(workflow_id="f", step_number=1))
    waiting = await store.jobs.submit(spec(priority=50))
    assert await store.workflows.reorder("f", 90) == Outcome("reordered", "2")
    await store.jobs.promote(delayed.job_id)
    await store.jobs.release(running, Reason.DRAINED)
    order = [each.lease.job_id for each in await hand.claim(10)]
    assert order == [delayed.job_id, running.job_id, waiting.job_id]


async def test_steps_to_come_inherit_it_and_ended_jobs_keep_theirs(
    store: Store, hand: Hand
) -> None:
    await store.workflows.declare(graph(FORK))
    flow = Flow(store)
    await flow.advance()
    await flow.complete(hand)
    await store.workflows.reorder("f", 0)
    now = await flow.now()
    assert now.priority == 0
    assert (await store.job(now.job_ids["a"])).priority == 50
    assert (await store.job(now.job_ids["b"])).priority == 0
    await flow.complete(hand)
    await flow.complete(hand)
    assert (await store.job((await flow.now()).job_ids["d"])).workflow_priority == 0


async def test_an_unknown_workflow_leaves_no_trace(store: Store) -> None:
    async with store.unchanged():
        assert await store.workflows.reorder("g", 1) == Outcome("unknown")


async def test_the_same_operation_twice_is_one_change(store: Store) -> None:
    await store.jobs.submit(spec(workflow_id="f"))
    assert await store.acts_once("reorder", "f", 7) == ["reordered", 1]
