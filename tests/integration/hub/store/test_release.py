"""release: a worker gives an unfinished attempt back."""

import pytest
from attrs import evolve

from shared.states import LEASED, ErrorClass, JobState, Reason
from tests.support.store import Hand, Store, others, spec, strangers


@pytest.mark.parametrize("reason", [Reason.DRAINED, Reason.PREEMPTED])
@pytest.mark.parametrize("state", sorted(LEASED))
async def test_a_released_job_waits_again_and_no_retry_is_charged(
    store: Store, hand: Hand, state: JobState, reason: Reason
) -> None:
    lease = await hand.put(state)
    assert await store.jobs.release(lease, reason) == "pending"
    job = await store.job(lease.job_id)
    assert (job.status, job.reason, job.failures, job.losses) == (JobState.PENDING, reason, 0, 1)
    (attempt,) = job.attempts
    assert (attempt.outcome, attempt.reason, attempt.error) == ("release", reason, None)


async def test_what_went_wrong_is_kept_with_the_attempt(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    assert await store.jobs.release(lease, Reason.ERROR, "XID 79") == "pending"
    job = await store.job(lease.job_id)
    (attempt,) = job.attempts
    assert (attempt.reason, attempt.error, attempt.error_class) == (Reason.ERROR, "XID 79", None)
    assert job.error is None


async def test_a_released_job_keeps_its_place(store: Store, hand: Hand) -> None:
    first = await hand.take()
    second = await store.jobs.submit(spec())
    await store.jobs.release(first, Reason.DRAINED)
    assert (await store.views.place(first.job_id), await store.views.place(second.job_id)) == (0, 1)
    (again,) = await hand.claim()
    assert (again.lease.job_id, again.lease.attempt) == (first.job_id, 2)
    assert again.lease.id != first.id


async def test_only_so_many_losses_are_borne(store: Store, hand: Hand) -> None:
    jobs = evolve(store.jobs, max_losses=2)
    lease = await hand.take(spec(max_retries=0))
    for _ in range(2):
        assert await jobs.release(lease, Reason.DRAINED) == "pending"
        lease = (await hand.claim())[0].lease
    assert await jobs.release(lease, Reason.DRAINED) == "failed"
    job = await store.job(lease.job_id)
    assert (job.status, job.error_class, job.losses) == (JobState.FAILED, ErrorClass.LOST, 3)
    assert job.error == "lost or given back by its worker 3 times"
    assert len(job.attempts) == 3


@pytest.mark.parametrize(("max_losses", "told"), [(5, "pending"), (0, "failed")])
async def test_the_same_operation_twice_acts_once(
    store: Store, hand: Hand, max_losses: int, told: str
) -> None:
    lease = await hand.take()
    reply = await store.acts_once(
        "release", lease.job_id, lease.attempt, lease.id, "drained", max_losses, ""
    )
    assert reply == [told]


@pytest.mark.parametrize("state", others(*LEASED))
async def test_a_release_of_an_attempt_that_has_ended_is_superseded(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert await store.jobs.release(lease, Reason.DRAINED) == "superseded"


async def test_a_release_under_another_lease_is_superseded(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    for stranger in strangers(lease):
        async with store.unchanged():
            assert await store.jobs.release(stranger, Reason.DRAINED) == "superseded"


async def test_what_was_given_back_is_never_adopted(store: Store, hand: Hand) -> None:
    lease = await hand.put(JobState.PENDING)
    async with store.unchanged():
        assert await store.jobs.complete(lease, "{}") == "superseded"
    assert await store.jobs.renew("w1", "s1", (lease,)) == (lease,)
