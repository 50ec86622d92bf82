"""prioritise: a job that has not ended gets another priority."""

import pytest

from hub.store.jobs import Reply
from hub.store.keys import key
from shared.states import JobState, Reason
from tests.support.store import Hand, Store, failure, spec

ENDED = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)


@pytest.mark.parametrize("priority", [90, 0])
async def test_a_waiting_job_moves_at_once(store: Store, hand: Hand, priority: int) -> None:
    mine = (await store.jobs.submit(spec(priority=10))).job_id
    other = (await store.jobs.submit(spec(priority=50))).job_id
    assert await store.jobs.prioritise(mine, priority) == Reply("prioritised", "")
    assert (await store.job(mine)).priority == priority
    order = [each.lease.job_id for each in await hand.claim(10)]
    assert order == ([mine, other] if priority == 90 else [other, mine])


async def test_a_head_that_only_gets_another_score_is_known_by_it(store: Store) -> None:
    job_id = (await store.jobs.submit(spec(priority=10))).job_id
    await store.jobs.prioritise(job_id, 20)
    heads = await store.client.command("ZRANGE", key("heads"), 0, -1, "WITHSCORES")
    assert [score for _, score in heads] == [-20]


async def test_delayed_and_running_jobs_return_to_their_new_place(store: Store, hand: Hand) -> None:
    delayed = await hand.take(spec(priority=10))
    await store.jobs.fail(delayed, failure(), 0)
    running = await hand.take(spec(priority=10))
    waiting = (await store.jobs.submit(spec(priority=50))).job_id
    for priority, lease in ((91, delayed), (90, running)):
        await store.jobs.prioritise(lease.job_id, priority)
    await store.jobs.promote(delayed.job_id)
    await store.jobs.release(running, Reason.DRAINED)
    order = [each.lease.job_id for each in await hand.claim(10)]
    assert order == [delayed.job_id, running.job_id, waiting]


@pytest.mark.parametrize("state", ENDED)
async def test_a_job_that_has_ended_keeps_its_priority(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert await store.jobs.prioritise(lease.job_id, 1) == Reply("refused", state)


async def test_a_step_keeps_that_of_its_workflow(store: Store) -> None:
    job_id = (await store.jobs.submit(spec(workflow_id="f"))).job_id
    async with store.unchanged():
        assert await store.jobs.prioritise(job_id, 1) == Reply("step", "f")


async def test_an_unknown_job_leaves_no_trace(store: Store) -> None:
    async with store.unchanged():
        assert await store.jobs.prioritise("nobody", 1) == Reply("unknown", "")


async def test_the_same_operation_twice_is_one_change(store: Store) -> None:
    job_id = (await store.jobs.submit(spec())).job_id
    assert await store.acts_once("prioritise", job_id, 7) == ["prioritised"]
