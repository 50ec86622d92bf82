"""confirm: what became of a cancelled attempt at its worker."""

import pytest

from shared.states import JobState
from tests.support.store import Hand, Store, others, strangers


@pytest.mark.parametrize("problem", ["", "node 3 does not end"])
async def test_the_workers_answer_is_kept_and_told(store: Store, hand: Hand, problem: str) -> None:
    lease = await hand.take()
    await store.jobs.cancel(lease.job_id, "enough")
    assert (await store.job(lease.job_id)).stopped is None
    heard = await store.announced(store.jobs.confirm(lease, problem))
    assert heard == [(lease.job_id, "not_stopped" if problem else "stopped")]
    job = await store.job(lease.job_id)
    assert (job.stopped, job.stop_message) == (not problem, problem or None)


async def test_what_the_attempt_had_put_out_is_kept_with_it(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    await store.jobs.cancel(lease.job_id, "enough")
    assert await store.jobs.confirm(lease, "", [{"filename": "half.png"}])
    (attempt,) = (await store.job(lease.job_id)).attempts
    assert attempt.details == {"partial": [{"filename": "half.png"}]}


@pytest.mark.parametrize("state", others(JobState.CANCELLED))
async def test_what_was_not_cancelled_is_not_confirmed(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        assert not await store.jobs.confirm(lease, "")


async def test_only_the_attempt_that_was_cancelled_is_confirmed(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    await store.jobs.cancel(lease.job_id, "enough")
    async with store.unchanged():
        for stranger in strangers(lease):
            assert not await store.jobs.confirm(stranger, "")
