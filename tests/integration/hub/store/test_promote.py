"""promote: a delayed job whose time has come."""

import pytest

from shared.states import JobState, Reason
from tests.support.store import Hand, Store, failure, others


async def test_a_job_that_is_due_waits_in_its_lane_again(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    await store.jobs.fail(lease, failure(), 0)
    assert await store.views.due() == [lease.job_id]
    assert await store.jobs.promote(lease.job_id)
    job = await store.job(lease.job_id)
    assert (job.status, job.reason, job.not_before) == (JobState.PENDING, Reason.DUE, None)
    assert await store.views.due() == []


async def test_a_job_that_is_not_due_stays(store: Store, hand: Hand) -> None:
    lease = await hand.put(JobState.DELAYED)
    async with store.unchanged():
        assert not await store.jobs.promote(lease.job_id)


@pytest.mark.parametrize("state", others(JobState.DELAYED))
async def test_only_a_delayed_job_is_promoted(store: Store, hand: Hand, state: JobState) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert not await store.jobs.promote(lease.job_id)


async def test_an_unknown_job_is_not_promoted(store: Store) -> None:
    async with store.unchanged():
        assert not await store.jobs.promote("nobody")


async def test_the_same_operation_twice_acts_once(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    await store.jobs.fail(lease, failure(), 0)
    assert await store.acts_once("promote", lease.job_id) == ["pending"]


async def test_a_failed_attempt_is_not_adopted_once_the_job_waits_again(
    store: Store, hand: Hand
) -> None:
    lease = await hand.take()
    await store.jobs.fail(lease, failure(), 0)
    await store.jobs.promote(lease.job_id)
    async with store.unchanged():
        assert await store.jobs.complete(lease, "{}") == "superseded"
    assert await store.jobs.renew("w1", "s1", (lease,)) == (lease,)
