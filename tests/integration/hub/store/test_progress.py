"""progress: how far an attempt is."""

import pytest
from attrs import evolve

from hub.store.jobs import Progress
from hub.store.keys import key
from shared.states import LEASED, JobState
from tests.support.store import Hand, Store, others, spec, strangers


@pytest.mark.parametrize("state", sorted(LEASED))
async def test_progress_is_kept_and_told(store: Store, hand: Hand, state: JobState) -> None:
    lease = await hand.put(state)
    heard = await store.announced(
        store.jobs.progress(lease, Progress(12.5, "step 1", '{"seed":18446744073709551617}'))
    )
    assert heard == [(lease.job_id, "progress")]
    job = await store.job(lease.job_id)
    assert (job.status, job.progress, job.progress_message) == (state, 12.5, "step 1")
    assert job.progress_details == {"seed": 2**64 + 1}
    (_, event), *_ = await store.client.command("XREVRANGE", key("events", lease.job_id), "+", "-")
    assert (event["event"], event["progress"], event["message"]) == ("progress", "12.5", "step 1")


async def test_progress_gives_the_lease_a_full_term(store: Store, hand: Hand) -> None:
    lease = await hand.take(lease_s=0)
    assert await store.jobs.progress(lease, Progress(1))
    assert await store.views.expired() == []


async def test_progress_does_not_move_the_deadline(store: Store, hand: Hand) -> None:
    lease = await hand.take(spec(timeout_minutes=0))
    assert await store.jobs.progress(lease, Progress(1))
    assert await store.views.expired() == [lease]


@pytest.mark.parametrize("state", others(*LEASED))
async def test_progress_after_the_attempt_has_ended_is_superseded(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert not await store.jobs.progress(lease, Progress(1))


async def test_progress_under_another_lease_is_superseded(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    for stranger in strangers(lease):
        async with store.unchanged():
            assert not await store.jobs.progress(stranger, Progress(1))


async def test_the_next_attempt_starts_at_nothing(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    await evolve(store.jobs, lease_s=0).progress(lease, Progress(80, "almost"))
    assert await store.jobs.reap(lease, 0) == "pending"
    await hand.claim()
    job = await store.job(lease.job_id)
    assert (job.progress, job.progress_message, job.progress_details) == (0, None, None)
