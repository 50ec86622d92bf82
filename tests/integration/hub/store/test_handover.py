"""submit: a job that comes while a worker waits goes to it, unless that would be out of turn."""

from collections.abc import Awaitable, Callable

import pytest
from attrs import evolve

from hub.store.claims import Claimant, Claimed
from hub.store.keys import key
from hub.store.lanes import lane_of
from hub.store.limits import Limits
from shared.jobs import JobSpec
from shared.states import JobState
from tests.support.store import LATER_MS, Hand, Store, asked, failure, spec


async def waiting(hand: Hand) -> Claimant:
    """The worker, whose last claim has left nothing of the lane that it knows now."""
    lease = await hand.take()
    await hand.store.jobs.complete(lease, "{}")
    assert await hand.claim() == []
    return Claimant(hand.worker_id, hand.session, hand.class_)


async def test_the_worker_that_waits_has_the_job(store: Store, hand: Hand) -> None:
    claimant = await waiting(hand)
    submitted = await store.jobs.submit(spec(timeout_minutes=0.5), None, claimant)
    assert submitted.place == 0
    assert submitted.job.status is JobState.PENDING  # as it was accepted
    claimed = submitted.claimed
    assert claimed is not None
    assert await store.client.command("ZCARD", key("lane", submitted.lane)) == 0
    job = await store.job(submitted.job_id)
    assert (job.status, job.worker_id, job.attempt) == (JobState.ASSIGNED, "w1", 1)
    assert (await store.facts(job.id))["deadline_at"] == str((job.assigned_at or 0) + 30_000)
    assert await store.jobs.complete(claimed.lease, "{}") == "completed"


async def test_it_is_told_what_a_claim_would_tell(store: Store, hand: Hand) -> None:
    claimant = await waiting(hand)
    asks = spec(priority=7, timeout_minutes=0.5, workflow_id="f", workflow_priority=9)
    at_once = (await store.jobs.submit(asks, None, claimant)).claimed
    assert at_once is not None
    await store.jobs.submit(asks)
    (later,) = await hand.claim()
    assert evolve(at_once, lease=later.lease) == later
    assert (at_once.priority, at_once.timeout_s) == (9, 30)


async def test_it_is_news_of_the_job_and_not_of_its_lane(store: Store, hand: Hand) -> None:
    claimant = await waiting(hand)
    heard = await store.announced(store.jobs.submit(spec(), None, claimant))
    assert [message for _, message in heard] == ["submitted", "claimed"]


async def test_the_same_operation_twice_gives_it_once(store: Store, hand: Hand) -> None:
    claimant = await waiting(hand)
    lane, who = lane_of(spec()), {"worker": "w1", "session": "s1", "class": claimant.class_}
    told = asked(lane=lane.id, requirement=lane.requirement, lease="a", ttl_ms=9000, **who)
    reply = await store.acts_once("submit", *told)
    assert (reply[0], reply[1], reply[-1]) == ("submitted", 0, "1")
    assert (await store.job("j1")).worker_id == "w1"


async def test_an_own_id_that_is_sent_again_gives_nothing(store: Store, hand: Hand) -> None:
    claimant, mine = await waiting(hand), spec(id="mine")
    assert (await store.jobs.submit(mine, None, claimant)).claimed
    assert (await store.jobs.submit(mine, None, claimant)).claimed is None


async def _another_session(store: Store, _: Hand) -> JobSpec:
    await store.hand("w1", session="another")
    return spec()


async def _no_slot(store: Store, hand: Hand) -> JobSpec:
    for _ in range(10):
        await store.jobs.submit(spec())
    assert len(await hand.claim(10)) == 10
    return spec()


async def _a_new_lane(_: Store, __: Hand) -> JobSpec:
    return spec(customer_id="c2")


async def _not_its_own(store: Store, hand: Hand) -> JobSpec:
    await store.jobs.submit(spec("other"))
    assert await hand.claim() == []
    return spec("other")


async def _one_before_it(store: Store, _: Hand) -> JobSpec:
    await store.jobs.submit(spec(priority=1))
    return spec(priority=99)


async def _as_many_as_may_run(store: Store, hand: Hand) -> JobSpec:
    await Limits(store.client).limit({"running:type:simulation": 1})
    await hand.take()
    return spec()


async def _not_yet(_: Store, __: Hand) -> JobSpec:
    return spec(run_at=LATER_MS)


async def _unknown_who_could(store: Store, hand: Hand) -> JobSpec:
    """A job waits with which the worker has failed: what another could do is not known."""
    await store.hand("w2", session="s2", capability=evolve(hand.capability, labels={"a": "b"}))
    lease = await hand.take()
    await store.jobs.fail(lease, failure(), 0)
    await store.jobs.promote(lease.job_id)
    await store.lanes.catch_up(hand.class_, "0", {hand.class_: hand.capability})
    return spec()


NOT_ITS_TURN = [
    _another_session, _no_slot, _a_new_lane, _not_its_own, _one_before_it, _as_many_as_may_run,
    _not_yet, _unknown_who_could,
]  # fmt: skip


@pytest.mark.parametrize("scene", NOT_ITS_TURN, ids=lambda scene: scene.__name__[1:])
async def test_out_of_turn_it_takes_its_place(
    store: Store, hand: Hand, scene: Callable[[Store, Hand], Awaitable[JobSpec]]
) -> None:
    claimant = await waiting(hand)
    asks = await scene(store, hand)
    submitted = await store.jobs.submit(asks, None, claimant)
    assert submitted.claimed is None
    status = (await store.job(submitted.job_id)).status
    assert status is (JobState.PENDING if asks.run_at is None else JobState.DELAYED)


async def test_what_may_not_run_now_is_not_before_it(store: Store, hand: Hand) -> None:
    claimant = await waiting(hand)
    other = spec(customer_id="c")
    for _ in range(2):  # its lane is known
        await store.jobs.submit(other)
    (first,) = await hand.claim()
    await Limits(store.client).limit({"running:customer:c": 1})
    submitted = await store.jobs.submit(spec(), None, claimant)
    assert isinstance(submitted.claimed, Claimed)
    assert first.lease != submitted.claimed.lease
