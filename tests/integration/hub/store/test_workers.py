"""Reading workers."""

from hub.store.keys import key
from tests.support.store import Hand, Store


async def test_all_workers_are_listed_by_id(store: Store) -> None:
    for worker_id in ("b", "c", "a"):
        await store.hand(worker_id)
    assert [each.worker_id for each in await store.workers.all()] == ["a", "b", "c"]


async def test_a_worker_names_the_jobs_it_holds(store: Store, hand: Hand) -> None:
    leases = [await hand.take(), await hand.take()]
    worker = await store.workers.get("w1")
    assert worker is not None
    assert worker.current_jobs == tuple(sorted(lease.job_id for lease in leases))


async def test_the_workers_that_were_silent_longest_come_first(store: Store) -> None:
    for number, worker_id in enumerate(("c", "a", "b")):
        await store.hand(worker_id)
        await store.client.command("ZADD", key("workers"), number, worker_id)
    assert await store.workers.silent() == ["c", "a", "b"]
    assert await store.workers.silent(limit=2) == ["c", "a"]


async def test_a_worker_that_is_forgotten_while_all_are_read_is_left_out(store: Store) -> None:
    await store.hand("a")
    await store.client.command("ZADD", key("workers"), 1, "half-gone")
    assert [each.worker_id for each in await store.workers.all()] == ["a"]


async def test_a_worker_is_here_until_its_connection_is_gone(store: Store) -> None:
    assert not await store.workers.is_here("a")
    hand = await store.hand("a")
    assert await store.workers.is_here("a")
    await store.workers.depart("a", hand.session, grace_s=60)
    assert not await store.workers.is_here("a")
