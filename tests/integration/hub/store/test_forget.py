"""forget: removes the record of a worker that is gone for long."""

from hub.store.keys import key
from tests.support.store import Hand, Store


async def test_a_silent_worker_that_holds_nothing_is_forgotten(store: Store, hand: Hand) -> None:
    assert await store.workers.forget("w1", 0)
    assert await store.workers.get("w1") is None
    assert await store.workers.all() == []
    assert await store.client.command("EXISTS", key("worker", "w1"), key("workers")) == 0


async def test_a_worker_that_was_heard_of_is_kept(store: Store, hand: Hand) -> None:
    async with store.unchanged():
        assert not await store.workers.forget("w1", 60)


async def test_a_worker_that_holds_a_lease_is_kept(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    async with store.unchanged():
        assert not await store.workers.forget("w1", 0)
    await store.jobs.complete(lease, "{}")
    assert await store.workers.forget("w1", 0)


async def test_an_unknown_worker_leaves_no_trace(store: Store) -> None:
    async with store.unchanged():
        assert not await store.workers.forget("nobody", 0)


async def test_forgetting_twice_is_forgetting_once(store: Store, hand: Hand) -> None:
    await store.workers.forget("w1", 0)
    async with store.unchanged():
        assert not await store.workers.forget("w1", 0)
