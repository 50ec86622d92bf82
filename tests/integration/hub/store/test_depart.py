"""depart: a worker's connection is gone."""

import pytest

from hub.store.jobs import EvictedError
from hub.store.keys import key
from shared.states import JobState
from tests.support.store import Hand, Store


async def test_the_leases_of_a_worker_that_left_end_after_the_grace(
    store: Store, hand: Hand
) -> None:
    leases = {await hand.take(), await hand.take()}
    await store.workers.depart("w1", "s1", 0)
    assert set(await store.views.expired()) == leases
    worker = await store.workers.get("w1")
    assert worker is not None
    assert (worker.status, worker.gone_at is not None) == ("offline", True)


async def test_the_grace_is_never_longer_than_the_lease(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    before = await store.client.command("ZSCORE", key("leases"), lease.job_id)
    await store.workers.depart("w1", "s1", 3600)
    assert await store.client.command("ZSCORE", key("leases"), lease.job_id) == before


async def test_nobody_claims_or_renews_for_a_connection_that_is_gone(
    store: Store, hand: Hand
) -> None:
    lease = await hand.put(JobState.ASSIGNED)
    await store.workers.depart("w1", "s1", 60)
    async with store.unchanged():
        with pytest.raises(EvictedError):
            await hand.claim()
        with pytest.raises(EvictedError):
            await store.jobs.renew("w1", "s1", (lease,))


async def test_a_result_that_is_under_way_still_counts(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    await store.workers.depart("w1", "s1", 0)
    assert await store.jobs.complete(lease, "{}") == "completed"


async def test_the_end_of_an_older_connection_changes_nothing(store: Store, hand: Hand) -> None:
    await hand.take()
    await store.hand("w1", session="s2")
    async with store.unchanged():
        await store.workers.depart("w1", "s1", 0)


async def test_an_unknown_worker_leaves_no_trace(store: Store) -> None:
    async with store.unchanged():
        await store.workers.depart("nobody", "s1", 0)


async def test_a_worker_that_left_is_not_evicted_when_it_returns(store: Store, hand: Hand) -> None:
    await store.workers.depart("w1", "s1", 0)
    assert await store.announced(store.hand("w1", session="s2")) == []


async def test_the_same_operation_twice_acts_once(store: Store, hand: Hand) -> None:
    await hand.take()
    assert await store.acts_once("depart", "w1", "s1", 5_000) == ["departed", 1]
