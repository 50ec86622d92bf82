"""complete: the attempt succeeded."""

import pytest

from shared.states import LEASED, JobState, Reason
from tests.support.store import Hand, Store, failure, others, strangers


@pytest.mark.parametrize("state", sorted(LEASED))
async def test_the_result_of_the_holder_counts(store: Store, hand: Hand, state: JobState) -> None:
    lease = await hand.put(state)
    assert await store.jobs.complete(lease, '{"n":18446744073709551617}') == "completed"
    job = await store.job(lease.job_id)
    assert (job.status, job.reason) == (JobState.COMPLETED, Reason.FINISHED)
    assert (job.result, job.progress) == ({"n": 2**64 + 1}, 100)
    (attempt,) = job.attempts
    assert (attempt.attempt, attempt.worker_id, attempt.outcome) == (1, "w1", "complete")
    assert (attempt.reason, attempt.error, attempt.ended_at) == (
        Reason.FINISHED, None, job.finished_at,
    )  # fmt: skip
    assert attempt.started_at == job.started_at is not None


async def test_a_result_that_comes_before_the_start_tells_of_it(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    heard = await store.announced(store.jobs.complete(lease, "{}"))
    assert [message for _, message in heard] == ["started", "completed"]
    job = await store.job(lease.job_id)
    assert job.started_at == job.finished_at is not None


async def test_a_late_result_counts_before_the_lease_is_reaped(store: Store, hand: Hand) -> None:
    lease = await hand.take(lease_s=0)
    assert await store.views.expired() == [lease]
    assert await store.jobs.complete(lease, "{}") == "completed"


async def test_the_result_of_a_lost_attempt_is_adopted(store: Store, hand: Hand) -> None:
    lease = await hand.lost()
    assert await store.jobs.complete(lease, '"late"') == "adopted"
    job = await store.job(lease.job_id)
    assert (job.status, job.reason, job.result) == (JobState.COMPLETED, Reason.ADOPTED, "late")
    assert [attempt.reason for attempt in job.attempts] == [Reason.LEASE_EXPIRED, Reason.ADOPTED]
    assert await hand.claim() == []


async def test_the_result_of_a_lost_attempt_is_not_adopted_after_the_next_claim(
    store: Store, hand: Hand
) -> None:
    lease = await hand.lost()
    (second,) = await hand.claim()
    async with store.unchanged():
        assert await store.jobs.complete(lease, '"late"') == "superseded"
    assert await store.jobs.complete(second.lease, '"in time"') == "completed"
    assert (await store.job(lease.job_id)).result == "in time"


async def test_a_result_that_is_told_again_is_counted_once(store: Store, hand: Hand) -> None:
    lease = await hand.put(JobState.COMPLETED)
    async with store.unchanged():
        assert await store.jobs.complete(lease, '"another"') == "completed"


async def test_a_result_that_follows_failures_leaves_no_error(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    await store.jobs.fail(lease, failure(), 0)
    await store.jobs.promote(lease.job_id)
    (second,) = await hand.claim()
    await store.jobs.complete(second.lease, "{}")
    job = await store.job(lease.job_id)
    assert (job.error, job.error_class, job.failures) == (None, None, 1)
    assert [attempt.error for attempt in job.attempts] == ["ran out", None]


async def test_the_same_operation_twice_acts_once(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    told = await store.acts_once("complete", lease.job_id, lease.attempt, lease.id, "{}")
    assert told == ["completed"]


async def test_the_same_adoption_twice_acts_once(store: Store, hand: Hand) -> None:
    lease = await hand.lost()
    told = await store.acts_once("complete", lease.job_id, lease.attempt, lease.id, "{}")
    assert told == ["adopted"]


@pytest.mark.parametrize("state", others(*LEASED, JobState.COMPLETED))
async def test_a_result_of_an_attempt_that_has_ended_is_superseded(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert await store.jobs.complete(lease, "{}") == "superseded"


@pytest.mark.parametrize("state", [*sorted(LEASED), JobState.COMPLETED])
async def test_a_result_under_another_lease_is_superseded(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    for stranger in strangers(lease):
        async with store.unchanged():
            assert await store.jobs.complete(stranger, "{}") == "superseded"
