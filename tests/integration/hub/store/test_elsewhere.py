"""A job that a worker has failed with is for another worker, if there is another."""

import pytest

from hub.store.lanes import lane_of
from shared.jobs import Lease
from shared.matching import Capability
from shared.states import ErrorClass
from tests.support.store import Hand, Store, failure, spec

MACHINE_S = (
    ErrorClass.OUT_OF_MEMORY, ErrorClass.ENGINE_CRASH, ErrorClass.TIMEOUT, ErrorClass.HANG,
    ErrorClass.CUDA, ErrorClass.MISSING_MODEL, ErrorClass.MISSING_NODE,
)  # fmt: skip


async def failed(store: Store, hand: Hand, error: ErrorClass = ErrorClass.OUT_OF_MEMORY) -> Lease:
    """A job that waits again after the worker has failed with it."""
    lease = await hand.take()
    assert await store.jobs.fail(lease, failure(error_class=error), 0) == "delayed"
    assert await store.jobs.promote(lease.job_id)
    return lease


async def taken(hand: Hand) -> list[str]:
    return [each.lease.job_id for each in await hand.claim()]


@pytest.mark.parametrize("error", MACHINE_S)
async def test_another_worker_goes_first(store: Store, hand: Hand, error: ErrorClass) -> None:
    other = await store.hand("w2")
    job = (await failed(store, hand, error)).job_id
    assert await taken(hand) == []
    assert await taken(other) == [job]


@pytest.mark.parametrize("error", [ErrorClass.NETWORK, ErrorClass.INTERNAL])
async def test_after_other_errors_any_worker_may_try(
    store: Store, hand: Hand, error: ErrorClass
) -> None:
    await store.hand("w2")
    job = (await failed(store, hand, error)).job_id
    assert await taken(hand) == [job]


async def test_without_another_worker_the_same_one_tries_again(store: Store, hand: Hand) -> None:
    job = (await failed(store, hand)).job_id
    assert await taken(hand) == [job]


async def test_a_worker_that_could_not_do_it_is_no_other(store: Store, hand: Hand) -> None:
    await store.hand("w2", capability=Capability(services=("something else",)))
    job = (await failed(store, hand)).job_id
    assert await taken(hand) == [job]


@pytest.mark.parametrize("status", ["paused", "maintenance", "stopping"])
async def test_a_worker_that_takes_no_jobs_is_no_other(
    store: Store, hand: Hand, status: str
) -> None:
    other = await store.hand("w2")
    await store.jobs.renew("w2", other.session, (), status=status)
    job = (await failed(store, hand)).job_id
    assert await taken(hand) == [job]


async def test_when_the_other_leaves_the_same_one_tries_again(store: Store, hand: Hand) -> None:
    other = await store.hand("w2")
    job = (await failed(store, hand)).job_id
    assert await taken(hand) == []
    await store.workers.depart("w2", other.session, 0)
    assert await taken(hand) == [job]


async def test_when_all_have_failed_any_may_try_again(store: Store, hand: Hand) -> None:
    other = await store.hand("w2")
    job = (await failed(store, hand)).job_id
    (again,) = await other.claim()
    assert await store.jobs.fail(again.lease, failure(), 0) == "delayed"
    assert await store.jobs.promote(job)
    assert await taken(hand) == [job]


async def test_a_worker_that_fails_twice_is_counted_once(store: Store, hand: Hand) -> None:
    job = (await failed(store, hand)).job_id
    lane = (await store.facts(job))["lane"]
    (again,) = await hand.claim()
    assert await store.jobs.fail(again.lease, failure(), 0) == "delayed"
    assert (await store.facts(job))["lane"] == lane


async def test_the_worker_goes_on_with_other_jobs(store: Store, hand: Hand) -> None:
    await store.hand("w2")
    await failed(store, hand)
    later = await store.jobs.submit(spec())
    assert await taken(hand) == [later.job_id]


async def test_what_was_claimed_is_given_before_another_class_is_asked_about(
    store: Store, hand: Hand
) -> None:
    await store.hand("w2", capability=Capability(services=("simulation", "comfyui")))
    await failed(store, hand)
    first = await store.jobs.submit(spec(priority=99))
    assert [each.lease.job_id for each in await hand.claim(2)] == [first.job_id]
    assert await taken(hand) == []


async def test_the_lane_knows_who_has_failed(store: Store, hand: Hand) -> None:
    job = (await failed(store, hand)).job_id
    lane = (await store.facts(job))["lane"]
    assert lane.startswith(lane_of(spec()).id + "~")
    assert await store.lanes.shunned_by(lane) == {"w1"}
    assert await store.lanes.shunned_by(lane_of(spec()).id) == frozenset()
    assert await store.lanes.shunned_by("gone~1") == frozenset()
