"""room: which limit keeps a waiting job from running."""

from hub.store.limits import Limits
from tests.support.store import Hand, Store, spec


async def test_without_limits_every_job_may_run(store: Store) -> None:
    job = await store.jobs.submit(spec())
    assert await store.outlook.room(job.job_id) is None


async def test_the_group_that_is_full_is_named(store: Store, hand: Hand) -> None:
    await Limits(store.client).limit({"running:customer:c:1": 1, "running:type:*": 9})
    await hand.take(spec(customer_id="c:1"))
    full = await store.jobs.submit(spec(customer_id="c:1"))
    free = await store.jobs.submit(spec(customer_id="other"))
    assert await store.outlook.room(full.job_id) == ("the customer c:1", 1)
    assert await store.outlook.room(free.job_id) is None
    await Limits(store.client).limit({})


async def test_nobody_s_job_is_held_back_by_nothing(store: Store) -> None:
    assert await store.outlook.room("nobody") is None
