"""purge: removes jobs that ended long ago, with everything that was kept of them."""

import pytest

from hub.store.jobs import Progress
from hub.store.keys import key
from shared.states import TERMINAL, JobState, Reason
from tests.support.dumps import without
from tests.support.store import Hand, Store, failure, others, spec

COUNTERS = (key("seq"), key("lane_version"), key("audit"))


async def test_a_purged_job_leaves_no_trace(store: Store, hand: Hand) -> None:
    before = without(await store.dump(), *COUNTERS)
    step = spec(customer_id="c", workflow_id="f", max_retries=1)
    lease = await hand.take(step)
    await store.jobs.progress(lease, Progress(1))
    await store.jobs.fail(lease, failure(), 0)
    await store.jobs.promote(lease.job_id)
    other = await store.hand("w2")
    (second,) = await other.claim()
    await store.jobs.complete(second.lease, "{}")
    assert await store.jobs.purge("completed", 0) == 1
    await store.workers.forget("w2", 0)
    await store.client.command("DEL", key("eligible", hand.class_))
    await store.client.command("HDEL", key("worker", "w1"), "warm")  # what it has loaded stays
    assert without(await store.dump(), *COUNTERS) == before


@pytest.mark.parametrize("state", sorted(TERMINAL))
async def test_only_the_named_state_is_purged(store: Store, hand: Hand, state: JobState) -> None:
    leases = {each: await hand.put(each) for each in reversed(JobState)}
    assert await store.jobs.purge(state, 0) == 1
    kept = await store.views.page({}, 0, 100)
    assert {job.id for job in kept.jobs} == {leases[each].job_id for each in others(state)}


@pytest.mark.parametrize("state", sorted(TERMINAL))
async def test_a_job_that_ended_lately_is_kept(store: Store, hand: Hand, state: JobState) -> None:
    await hand.put(state)
    async with store.unchanged():
        assert await store.jobs.purge(state, 3600) == 0


@pytest.mark.parametrize("state", others(*TERMINAL))
async def test_a_job_that_has_not_ended_is_never_purged(
    store: Store, hand: Hand, state: JobState
) -> None:
    await hand.put(state)
    async with store.unchanged():
        assert await store.jobs.purge(state, 0) == 0


async def test_no_more_than_the_limit_is_removed_at_once(store: Store, hand: Hand) -> None:
    for _ in range(5):
        await hand.put(JobState.COMPLETED)
    removed = [await store.jobs.purge("completed", 0, limit=2) for _ in range(4)]
    assert removed == [2, 2, 1, 0]


async def test_a_workflow_lives_as_long_as_its_last_step(store: Store, hand: Hand) -> None:
    await store.jobs.complete(await hand.take(spec(workflow_id="f", priority=3)), "{}")
    pending = await store.jobs.submit(spec(workflow_id="f", step_number=1))
    await store.jobs.purge("completed", 0)
    later = await store.jobs.submit(spec(workflow_id="f", priority=99))
    assert (await store.job(later.job_id)).priority == 3
    for submitted in (pending, later):
        await store.jobs.cancel(submitted.job_id, "")
    await store.jobs.purge("cancelled", 0)
    assert await store.client.command("EXISTS", key("workflow", "f")) == 0


async def test_a_job_that_was_adopted_and_released_is_purged_whole(
    store: Store, hand: Hand
) -> None:
    lease = await hand.lost()
    await store.jobs.renew("w1", "s1", (lease,))
    await store.jobs.release(lease, Reason.DRAINED)
    await store.jobs.cancel(lease.job_id, "")
    assert await store.jobs.purge("cancelled", 0) == 1
    assert await store.client.command("EXISTS", key("by_worker", "w1"), key("jobs")) == 0


async def test_a_lane_lives_as_long_as_a_job_of_it_is_kept(store: Store, hand: Hand) -> None:
    for _ in range(2):
        await store.jobs.complete(await hand.take(), "{}")
    await store.jobs.purge("completed", 0, limit=1)
    assert await store.client.command("HLEN", key("lanes")) == 1
    await store.jobs.purge("completed", 0)
    assert await store.client.command("EXISTS", key("lanes"), key("lane_log")) == 0
