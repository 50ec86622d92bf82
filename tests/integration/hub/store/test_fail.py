"""fail: the attempt failed."""

import pytest
from attrs import evolve

from shared.matching import Hardware
from shared.states import LEASED, ErrorClass, JobState, Reason
from tests.support.store import CAPABILITY, Hand, Store, failure, others, spec, strangers


@pytest.mark.parametrize("state", sorted(LEASED))
async def test_a_failed_attempt_is_tried_again_after_its_delay(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    assert await store.jobs.fail(lease, failure(), 60) == "delayed"
    job = await store.job(lease.job_id)
    assert (job.status, job.reason, job.failures, job.losses) == (
        JobState.DELAYED, Reason.ERROR, 1, 0,
    )  # fmt: skip
    (attempt,) = job.attempts
    assert job.not_before == attempt.ended_at + 60_000
    assert (attempt.outcome, attempt.reason, attempt.error) == ("fail", Reason.ERROR, "ran out")
    assert (attempt.error_class, attempt.details) == (ErrorClass.OUT_OF_MEMORY, {"gb": 2**64})
    assert (job.error, job.error_class) == ("ran out", ErrorClass.OUT_OF_MEMORY)
    assert (await store.views.due(), await hand.claim()) == ([], [])


async def test_a_retry_keeps_its_place(store: Store, hand: Hand) -> None:
    first = await hand.take()
    second = await store.jobs.submit(spec())
    await store.jobs.fail(first, failure(), 0)
    assert await store.jobs.promote(first.job_id)
    assert await store.views.place(first.job_id) == 0
    claimed = await hand.claim(2)
    assert [each.lease.job_id for each in claimed] == [first.job_id, second.job_id]
    assert [each.lease.attempt for each in claimed] == [2, 1]


@pytest.mark.parametrize("max_retries", [0, 1, 2])
async def test_a_job_fails_for_good_when_its_retries_are_used_up(
    store: Store, hand: Hand, max_retries: int
) -> None:
    lease = await hand.take(spec(max_retries=max_retries))
    for _ in range(max_retries):
        assert await store.jobs.fail(lease, failure(), 0) == "delayed"
        await store.jobs.promote(lease.job_id)
        lease = (await hand.claim())[0].lease
    assert await store.jobs.fail(lease, failure(), 0) == "failed"
    job = await store.job(lease.job_id)
    assert (job.status, job.failures, len(job.attempts)) == (
        JobState.FAILED, max_retries + 1, max_retries + 1,
    )  # fmt: skip
    assert [attempt.attempt for attempt in job.attempts] == list(range(1, max_retries + 2))
    assert job.finished_at == job.attempts[-1].ended_at


async def test_a_failure_that_no_retry_can_help_is_final(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    assert await store.jobs.fail(lease, failure(retryable=False), 0) == "failed"
    assert (await store.job(lease.job_id)).failures == 1


@pytest.mark.parametrize(("retryable", "told"), [(1, "delayed"), (0, "failed")])
async def test_the_same_operation_twice_acts_once(
    store: Store, hand: Hand, retryable: int, told: str
) -> None:
    lease = await hand.take()
    reply = await store.acts_once(
        "fail", lease.job_id, lease.attempt, lease.id, "error", "cuda", retryable, "{}", 0
    )
    assert reply == [told]


@pytest.mark.parametrize("state", others(*LEASED))
async def test_a_failure_of_an_attempt_that_has_ended_is_superseded(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert await store.jobs.fail(lease, failure(), 0) == "superseded"


async def test_a_failure_of_a_lost_attempt_is_superseded(store: Store, hand: Hand) -> None:
    lease = await hand.lost()
    async with store.unchanged():
        assert await store.jobs.fail(lease, failure(), 0) == "superseded"


async def test_a_failure_under_another_lease_is_superseded(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    for stranger in strangers(lease):
        async with store.unchanged():
            assert await store.jobs.fail(stranger, failure(), 0) == "superseded"


async def test_a_retry_and_the_end_are_told_apart(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(max_retries=1))
    heard = await store.announced(store.jobs.fail(lease, failure(), 0))
    assert heard == [(lease.job_id, "retrying")]
    await store.jobs.promote(lease.job_id)
    (second,) = await hand.claim()
    heard = await store.announced(store.jobs.fail(second.lease, failure(), 0))
    assert heard == [(lease.job_id, "failed")]


async def test_a_job_of_which_the_engines_of_three_workers_died_is_poison(store: Store) -> None:
    crash = failure(error_class=ErrorClass.ENGINE_CRASH)
    job_id = (await store.jobs.submit(spec(max_retries=99))).job_id
    told: list[str] = []
    for worker_id in ("w1", "w1", "w2", "w3"):
        (claimed,) = await (await store.hand(worker_id)).claim()
        told.append(await store.jobs.fail(claimed.lease, crash, 0))
        await store.jobs.promote(job_id)
    assert told == ["delayed", "delayed", "delayed", "failed"]
    job = await store.job(job_id)
    assert (job.reason, job.error_class) == (Reason.POISON, ErrorClass.ENGINE_CRASH)
    assert [each.worker_id for each in job.attempts] == ["w1", "w1", "w2", "w3"]


async def test_other_failures_on_three_workers_are_no_poison(store: Store) -> None:
    job_id = (await store.jobs.submit(spec(max_retries=99))).job_id
    for worker_id in ("w1", "w2", "w3"):
        (claimed,) = await (await store.hand(worker_id)).claim()
        assert await store.jobs.fail(claimed.lease, failure(), 0) == "delayed"
        await store.jobs.promote(job_id)


@pytest.mark.parametrize("model", ["RTX 4090", None])
async def test_the_record_of_an_attempt_names_the_gpu(store: Store, model: str | None) -> None:
    capability = evolve(CAPABILITY, hardware=Hardware(gpu_model="old"))
    await store.hand(capability=capability)
    hand = await store.hand(capability=evolve(CAPABILITY, hardware=Hardware(gpu_model=model)))
    lease = await hand.take()
    await store.jobs.fail(lease, failure(), 0)
    assert [each.gpu for each in (await store.job(lease.job_id)).attempts] == [model]
