"""cancel: the job ends now."""

import pytest

from hub.store.jobs import Progress, Reply
from shared.states import LEASED, TERMINAL, JobState, Reason
from tests.support.store import Hand, Store, failure, others, spec


@pytest.mark.parametrize("state", others(*TERMINAL))
async def test_a_job_that_has_not_ended_is_cancelled(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    reply = await store.jobs.cancel(lease.job_id, "not needed")
    job = await store.job(lease.job_id)
    assert reply == Reply("cancelled", str(job.finished_at))
    assert (job.status, job.reason) == (JobState.CANCELLED, Reason.CANCELLED)
    assert (job.error, job.error_class, job.not_before) == ("not needed", None, None)
    last = job.attempts[-1]
    assert (last.outcome == "cancel") is (state in LEASED)


@pytest.mark.parametrize("state", sorted(TERMINAL))
async def test_an_end_is_an_end(store: Store, hand: Hand, state: JobState) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert await store.jobs.cancel(lease.job_id, "late") == Reply("refused", state)


async def test_an_unknown_job_leaves_no_trace(store: Store) -> None:
    async with store.unchanged():
        assert await store.jobs.cancel("nobody", "why") == Reply("unknown", "")


async def test_nothing_that_the_worker_says_later_counts(store: Store, hand: Hand) -> None:
    lease = await hand.put(JobState.IN_PROGRESS)
    await store.jobs.cancel(lease.job_id, "not needed")
    async with store.unchanged():
        assert await store.jobs.complete(lease, "{}") == "superseded"
        assert await store.jobs.fail(lease, failure(), 0) == "superseded"
        assert not await store.jobs.progress(lease, Progress(1))
    assert await store.jobs.renew("w1", "s1", (lease,)) == (lease,)


async def test_a_lost_job_that_is_cancelled_is_not_adopted(store: Store, hand: Hand) -> None:
    lease = await hand.lost()
    await store.jobs.cancel(lease.job_id, "not needed")
    async with store.unchanged():
        assert await store.jobs.complete(lease, "{}") == "superseded"


@pytest.mark.parametrize("state", others(*TERMINAL))
async def test_only_the_worker_that_holds_the_job_is_told(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    await store.jobs.submit(spec())  # the lane is not empty before, nor after
    heard = await store.announced(store.jobs.cancel(lease.job_id, "why"))
    told = [("news", f"cancel {lease.job_id} w1")] if state in LEASED else []
    assert heard == [*told, (lease.job_id, "cancelled")]


async def test_a_cancelled_job_leaves_its_lane_to_the_next(store: Store, hand: Hand) -> None:
    first, second = await store.jobs.submit(spec()), await store.jobs.submit(spec())
    await store.jobs.cancel(first.job_id, "")
    assert await store.views.place(second.job_id) == 0
    (claimed,) = await hand.claim(2)
    assert claimed.lease.job_id == second.job_id


@pytest.mark.parametrize("state", others(*TERMINAL))
async def test_the_same_operation_twice_acts_once(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    outcome, *_ = await store.acts_once("cancel", lease.job_id, "why")
    assert outcome == "cancelled"
