"""expire: a job whose deadline has passed has failed, wherever it is."""

import pytest

from shared.states import LEASED, ErrorClass, JobState, Reason
from tests.support.store import LATER_MS, Hand, Store, overdue, spec

OPEN = [each for each in JobState if not each.is_terminal]


@pytest.mark.parametrize("state", OPEN)
async def test_a_job_that_has_not_finished_fails(store: Store, hand: Hand, state: JobState) -> None:
    lease = await hand.put(state, spec(deadline=LATER_MS))
    await overdue(store, lease.job_id)
    assert await store.views.overdue() == [lease.job_id]
    heard = await store.announced(store.jobs.expire(lease.job_id))
    job = await store.job(lease.job_id)
    assert (job.status, job.reason) == (JobState.FAILED, Reason.DEADLINE)
    assert (job.error, job.error_class) == (
        "did not finish before its deadline", ErrorClass.TIMEOUT,
    )  # fmt: skip
    assert (job.finished_at or 0) >= job.created_at
    assert job.not_before is None
    assert (lease.job_id, "failed") in heard
    is_told = ("news", f"cancel {lease.job_id} w1") in heard
    assert is_told == (state in LEASED)
    if state in LEASED:
        (attempt,) = job.attempts
        assert (attempt.outcome, attempt.reason) == ("expire", Reason.DEADLINE)
    assert await store.jobs.complete(lease, "{}") == "superseded"


async def test_before_the_deadline_nothing_happens(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(deadline=LATER_MS))
    assert await store.views.overdue() == []
    async with store.unchanged():
        assert not await store.jobs.expire(lease.job_id)


async def test_what_has_no_deadline_or_is_not_there_is_kept(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    async with store.unchanged():
        assert not await store.jobs.expire(lease.job_id)
        assert not await store.jobs.expire("nobody")


@pytest.mark.parametrize("state", [each for each in JobState if each.is_terminal])
async def test_a_job_that_has_ended_has_no_deadline_any_more(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state, spec(deadline=LATER_MS))
    async with store.unchanged():
        assert not await store.jobs.expire(lease.job_id)


async def test_a_lost_job_that_expires_cannot_be_adopted(store: Store, hand: Hand) -> None:
    lease = await hand.lost(spec(deadline=LATER_MS))
    await overdue(store, lease.job_id)
    assert await store.jobs.expire(lease.job_id)
    assert await store.jobs.renew("w1", "s1", (lease,)) == (lease,)


async def test_the_same_operation_twice_ends_it_once(store: Store, hand: Hand) -> None:
    job_id = (await store.jobs.submit(spec(deadline=LATER_MS))).job_id
    await overdue(store, job_id)
    assert await store.acts_once("expire", job_id) == ["failed"]
