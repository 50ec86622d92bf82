"""room: what keeps a waiting job from running on workers that could do it."""

from hub.store.limits import Limits
from hub.store.outlook import Room
from tests.support.store import Hand, Store, failure, spec


async def test_without_limits_every_job_may_run(store: Store) -> None:
    job = await store.jobs.submit(spec())
    assert await store.outlook.room(job.job_id) == Room()


async def test_the_group_that_is_full_is_named(store: Store, hand: Hand) -> None:
    await Limits(store.client).limit({"running:customer:c:1": 1, "running:type:*": 9})
    await hand.take(spec(customer_id="c:1"))
    full = await store.jobs.submit(spec(customer_id="c:1"))
    free = await store.jobs.submit(spec(customer_id="other"))
    assert await store.outlook.room(full.job_id) == Room(full=("the customer c:1", 1))
    assert await store.outlook.room(free.job_id) == Room()
    await Limits(store.client).limit({})


async def test_nobody_s_job_is_held_back_by_nothing(store: Store) -> None:
    assert await store.outlook.room("nobody") == Room()


async def test_the_workers_that_have_failed_with_the_job_are_named_while_there_are_others(
    store: Store, hand: Hand
) -> None:
    other = await store.hand("w2")
    lease = await hand.take()
    await store.jobs.fail(lease, failure(), 0)
    assert await store.outlook.room(lease.job_id) == Room(kept=frozenset({"w1"}))
    await store.workers.depart("w2", other.session, 0)
    assert await store.outlook.room(lease.job_id) == Room()
