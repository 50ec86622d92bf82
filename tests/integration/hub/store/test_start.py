"""start: the worker has begun to run the attempt."""

import pytest

from hub.store.jobs import Progress
from hub.store.keys import key
from shared.states import JobState, Reason
from tests.support.store import Hand, Store, others, spec, strangers


async def test_an_assigned_job_is_in_progress_once_it_has_started(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    assert await store.jobs.start(lease)
    job = await store.job(lease.job_id)
    assert (job.status, job.reason, job.worker_id) == (
        JobState.IN_PROGRESS, Reason.STARTED, "w1",
    )  # fmt: skip
    assert job.started_at is not None
    assert job.started_at >= (job.assigned_at or 0) > 0


async def test_a_start_gives_the_lease_a_full_term(store: Store, hand: Hand) -> None:
    lease = await hand.take(lease_s=0)
    assert await store.jobs.start(lease)
    assert await store.views.expired() == []


async def test_the_time_that_is_allowed_counts_from_the_start(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(timeout_minutes=1))
    claimed = await store.facts(lease.job_id)
    assert int(claimed["deadline_at"]) == int(claimed["assigned_at"]) + 60_000
    await store.jobs.start(lease)
    started = await store.facts(lease.job_id)
    assert int(started["deadline_at"]) == int(started["started_at"]) + 60_000


async def test_a_start_that_is_told_again_changes_nothing(store: Store, hand: Hand) -> None:
    lease = await hand.put(JobState.IN_PROGRESS)
    async with store.unchanged():
        assert await store.jobs.start(lease)


async def test_the_same_operation_twice_acts_once(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    told = await store.acts_once(
        "start", lease.job_id, lease.attempt, lease.id, 30_000, 0, "", "{}"
    )
    assert told == ["started"]
    assert len(await store.client.command("XRANGE", key("audit"), "-", "+")) == 3


@pytest.mark.parametrize("state", others(JobState.ASSIGNED, JobState.IN_PROGRESS))
async def test_a_start_after_the_attempt_has_ended_is_superseded(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert not await store.jobs.start(lease)


async def test_a_start_under_another_lease_is_superseded(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    for stranger in strangers(lease):
        async with store.unchanged():
            assert not await store.jobs.start(stranger)


async def test_the_first_report_may_tell_how_far_it_is_already(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    heard = await store.announced(store.jobs.start(lease, Progress(30, "step 3", '{"node":"4"}')))
    job = await store.job(lease.job_id)
    assert (job.progress, job.progress_message, job.progress_details) == (
        30,
        "step 3",
        {"node": "4"},
    )
    assert [message for _, message in heard] == ["started", "progress"]
