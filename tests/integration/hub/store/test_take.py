"""take: a worker claims the very job that it names."""

import pytest

from hub.store.jobs import EvictedError
from hub.store.keys import key
from hub.store.lanes import StaleClassError
from shared.matching import Capability
from shared.states import JobState, Reason
from tests.support.store import Hand, Store, failure, others, spec


async def test_the_job_that_is_named_is_assigned_whatever_its_place(
    store: Store, hand: Hand
) -> None:
    await store.jobs.submit(spec(priority=9))
    submitted = await store.jobs.submit(spec(priority=1, timeout_minutes=0.5))
    taken = await store.jobs.take("w1", "s1", submitted.job_id)
    assert taken.outcome == "claimed"
    assert taken.job is not None
    assert (taken.job.lease.job_id, taken.job.lease.attempt) == (submitted.job_id, 1)
    assert (taken.job.type, taken.job.priority, taken.job.timeout_s) == ("simulation", 1, 30)
    job = await store.job(submitted.job_id)
    assert (job.status, job.reason, job.worker_id) == (JobState.ASSIGNED, Reason.CLAIMED, "w1")
    assert await store.jobs.complete(taken.job.lease, "{}") == "completed"
    assert len(await hand.claim(9)) == 1


async def test_the_second_is_told_who_was_first(store: Store, hand: Hand) -> None:
    await store.hand("w2", session="s2")
    submitted = await store.jobs.submit(spec())
    await store.jobs.take("w2", "s2", submitted.job_id)
    async with store.unchanged():
        late = await store.jobs.take(hand.worker_id, hand.session, submitted.job_id)
    assert (late.outcome, late.state, late.worker_id) == ("gone", "assigned", "w2")
    assert late.job is None


@pytest.mark.parametrize("state", others(JobState.PENDING))
async def test_a_job_that_does_not_wait_is_not_given(
    store: Store, hand: Hand, state: JobState
) -> None:
    lease = await hand.put(state)
    async with store.unchanged():
        late = await store.jobs.take("w1", "s1", lease.job_id)
    assert (late.outcome, late.state) == ("gone", state)


async def test_a_job_that_there_is_not_is_not_given(store: Store, hand: Hand) -> None:
    async with store.unchanged():
        assert (await store.jobs.take(hand.worker_id, "s1", "nobody")).outcome == "unknown"


async def test_a_worker_never_takes_more_than_its_slots(store: Store) -> None:
    await store.hand("w2", slots=1, capability=Capability(services=("simulation",)))
    first, second = await store.jobs.submit(spec()), await store.jobs.submit(spec())
    await store.jobs.take("w2", "s1", first.job_id)
    async with store.unchanged():
        assert (await store.jobs.take("w2", "s1", second.job_id)).outcome == "full"


async def test_another_session_takes_nothing(store: Store, hand: Hand) -> None:
    submitted = await store.jobs.submit(spec())
    async with store.unchanged():
        with pytest.raises(EvictedError):
            await store.jobs.take(hand.worker_id, "older", submitted.job_id)


async def test_a_repeated_call_takes_once(store: Store, hand: Hand) -> None:
    submitted = await store.jobs.submit(spec())
    arguments = (hand.worker_id, "s1", 30_000, submitted.job_id, "a" * 32)
    reply = await store.acts_once("take", *arguments)
    assert reply[:2] == ["claimed", 0]
    assert await store.client.command("SMEMBERS", key("held", "w1")) == {submitted.job_id}


async def test_a_worker_that_has_failed_with_the_job_leaves_it_to_another(
    store: Store, hand: Hand
) -> None:
    other = await store.hand("w2")
    lease = await hand.take()
    await store.jobs.fail(lease, failure(), 0)
    await store.jobs.promote(lease.job_id)
    with pytest.raises(StaleClassError) as stale:  # nobody has asked whether the other could
        await store.jobs.take("w1", "s1", lease.job_id)
    known = {other.class_: other.capability}
    await store.lanes.catch_up(stale.value.class_, stale.value.version, known)
    async with store.unchanged():
        assert (await store.jobs.take("w1", "s1", lease.job_id)).outcome == "kept"
    assert (await store.jobs.take("w2", "s1", lease.job_id)).outcome == "claimed"
