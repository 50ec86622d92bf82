"""reap: takes back a lease that ran out."""

import pytest
from attrs import evolve

from hub.store.keys import key
from shared.states import LEASED, ErrorClass, JobState, Reason
from tests.support.store import Hand, Store, failure, others, spec, strangers


async def test_a_lease_that_ran_out_sends_the_job_back_to_its_place(
    store: Store, hand: Hand
) -> None:
    lease = await hand.take(lease_s=0)
    await store.jobs.submit(spec())
    assert await store.views.expired() == [lease]
    assert await store.jobs.reap(lease, 60) == "pending"
    job = await store.job(lease.job_id)
    assert (job.status, job.reason) == (JobState.PENDING, Reason.LEASE_EXPIRED)
    assert (job.failures, job.losses) == (0, 1)
    assert await store.views.place(lease.job_id) == 0
    (attempt,) = job.attempts
    assert (attempt.outcome, attempt.reason) == ("reap", Reason.LEASE_EXPIRED)


async def test_a_lease_that_is_alive_is_kept(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    async with store.unchanged():
        assert await store.jobs.reap(lease, 0) == "kept"


async def test_a_lease_that_was_renewed_after_it_was_read_is_kept(store: Store, hand: Hand) -> None:
    await hand.take(lease_s=0)
    (read,) = await store.views.expired()
    assert await store.jobs.renew("w1", "s1", (read,)) == ()
    async with store.unchanged():
        assert await store.jobs.reap(read, 0) == "kept"


@pytest.mark.parametrize("state", others(*LEASED))
async def test_an_attempt_that_has_ended_is_kept(store: Store, hand: Hand, state: JobState) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert await store.jobs.reap(lease, 0) == "kept"


async def test_nothing_but_the_lease_that_was_read_is_taken(store: Store, hand: Hand) -> None:
    lease = await hand.take(lease_s=0)
    for stranger in strangers(lease):
        async with store.unchanged():
            assert await store.jobs.reap(stranger, 0) == "kept"


@pytest.mark.parametrize("starts", [False, True])
async def test_past_its_deadline_an_attempt_has_failed(
    store: Store, hand: Hand, *, starts: bool
) -> None:
    lease = await hand.take(spec(timeout_minutes=0, max_retries=1))
    if starts:
        await store.jobs.start(lease)
    assert await store.jobs.reap(lease, 60) == "delayed"
    job = await store.job(lease.job_id)
    assert (job.status, job.reason) == (JobState.DELAYED, Reason.TIMEOUT)
    assert (job.failures, job.losses, job.error_class) == (1, 0, ErrorClass.TIMEOUT)
    assert job.not_before == job.attempts[0].ended_at + 60_000
    assert await store.jobs.complete(lease, "{}") == "superseded"


async def test_a_timeout_without_retries_is_final(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(timeout_minutes=0, max_retries=0))
    assert await store.jobs.reap(lease, 0) == "failed"
    assert (await store.job(lease.job_id)).error == "ran longer than its timeout allows"


async def test_a_lease_that_ends_before_the_deadline_is_a_loss(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(timeout_minutes=5), lease_s=0)
    assert await store.jobs.reap(lease, 0) == "pending"
    assert (await store.job(lease.job_id)).losses == 1


async def test_a_job_that_is_lost_too_often_is_buried_though_it_never_failed(
    store: Store, hand: Hand
) -> None:
    jobs = evolve(store.jobs, max_losses=1)
    lease = await hand.take(spec(max_retries=0), lease_s=0)
    assert await jobs.reap(lease, 0) == "pending"
    (again,) = await hand.claim(lease_s=0)
    assert await jobs.reap(again.lease, 0) == "failed"
    job = await store.job(lease.job_id)
    assert (job.failures, job.losses, job.error_class) == (0, 2, ErrorClass.LOST)
    assert await store.jobs.complete(again.lease, "{}") == "superseded"


async def test_failures_and_losses_are_counted_apart(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(max_retries=1))
    await store.jobs.fail(lease, failure(), 0)
    await store.jobs.promote(lease.job_id)
    (again,) = await hand.claim(lease_s=0)
    await store.jobs.reap(again.lease, 0)
    job = await store.job(lease.job_id)
    assert (job.failures, job.losses, job.attempt) == (1, 1, 2)


@pytest.mark.parametrize(
    ("minutes", "max_losses", "told"), [("", 5, "pending"), ("", 0, "failed"), (0, 5, "delayed")]
)
async def test_the_same_operation_twice_acts_once(
    store: Store, hand: Hand, minutes: int | str, max_losses: int, told: str
) -> None:
    timeout = None if minutes == "" else float(minutes)
    lease = await hand.take(spec(timeout_minutes=timeout), lease_s=0)
    reply = await store.acts_once("reap", lease.job_id, lease.attempt, lease.id, max_losses, 0)
    assert reply == [told]


async def test_a_lane_that_was_empty_is_news_after_a_reap(store: Store, hand: Hand) -> None:
    lease = await hand.take(lease_s=0)
    lane = (await store.facts(lease.job_id))["lane"]
    heard = await store.announced(store.jobs.reap(lease, 0))
    assert ("news", f"lane {lane}") in heard
    assert (lease.job_id, "lost") in heard
    assert await store.client.command("EXISTS", key("leases")) == 0
