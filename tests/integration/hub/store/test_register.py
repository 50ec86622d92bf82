"""register: a worker is connected."""

from shared.matching import Capability
from tests.support.store import CAPABILITY, Store


async def test_a_registered_worker_is_known(store: Store) -> None:
    await store.hand("w1", slots=3)
    worker = await store.workers.get("w1")
    assert worker is not None
    assert (worker.worker_id, worker.status, worker.slots) == ("w1", "idle", 3)
    assert worker.capabilities["services"] == ["simulation"]
    assert worker.connected_at == worker.last_heartbeat
    assert (worker.gone_at, worker.current_jobs, worker.system) == (None, (), None)


async def test_workers_that_can_do_the_same_are_one_class(store: Store) -> None:
    first = await store.hand("w1", capability=Capability(services=("a", "b")))
    second = await store.hand("w2", capability=Capability(services=("b", "a")))
    third = await store.hand("w3")
    assert first.class_ == second.class_ != third.class_


async def test_a_newer_session_takes_over_and_the_older_is_told(store: Store) -> None:
    await store.hand("w1", session="s1")
    heard = await store.announced(store.hand("w1", session="s2"))
    assert heard == [("news", "evict s1 w1")]


async def test_the_same_session_that_registers_again_evicts_nobody(store: Store) -> None:
    await store.hand("w1", session="s1")
    assert await store.announced(store.hand("w1", session="s1")) == []


async def test_a_worker_keeps_its_leases_when_it_comes_back(store: Store) -> None:
    lease = await (await store.hand("w1")).take()
    await store.workers.depart("w1", "s1", 0)
    await store.hand("w1", session="s2")
    worker = await store.workers.get("w1")
    assert worker is not None
    assert (worker.gone_at, worker.status, worker.current_jobs) == (None, "idle", (lease.job_id,))


async def test_what_a_worker_can_do_changes_with_its_last_word(store: Store) -> None:
    before = await store.hand("w1")
    after = await store.hand("w1", capability=Capability(services=("other",)))
    worker = await store.workers.get("w1")
    assert worker is not None
    assert worker.capabilities["services"] == ["other"]
    assert before.class_ != after.class_


async def test_the_same_operation_twice_acts_once(store: Store) -> None:
    told = await store.acts_once("register", "w1", "s1", "{}", "class", 1, "idle", "RTX")
    assert told == ["registered"]


async def test_a_worker_is_unknown_before_it_registers(store: Store) -> None:
    assert await store.workers.get("w1") is None
    await store.workers.register("w1", "s1", CAPABILITY, 1, "idle")
    assert await store.workers.get("w1") is not None
