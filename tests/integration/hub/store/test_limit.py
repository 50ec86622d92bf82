"""limit: how many jobs of a type or of a customer may wait and run."""

from typing import Any

import pytest

from hub.store.keys import key
from hub.store.limits import Limits
from hub.store.submissions import QueueFullError
from shared.jobs import Lease
from shared.matching import Capability, Requirement
from shared.states import JobState, Reason
from tests.support.store import LATER_MS, Hand, Store, failure, overdue, spec

ROOM = ("news", "room")
ONE_RUNS = {"running:type:simulation": 1}


async def limited(store: Store, limits: dict[str, int]) -> None:
    assert await Limits(store.client).limit(limits)


async def test_limits_replace_those_before_and_are_news_when_they_change(store: Store) -> None:
    limits = Limits(store.client)
    assert await store.announced(limits.limit({"running:type:*": 2, "waiting:type:a": 1})) == [ROOM]
    async with store.unchanged():
        assert not await limits.limit({"waiting:type:a": 1, "running:type:*": 2})
    for other in ({"running:type:*": 3}, {"running:type:b": 3}, {}):
        assert await limits.limit(other)
        found = await store.client.command("HGETALL", key("limits"))
        assert found == {field: str(number) for field, number in other.items()}


@pytest.mark.parametrize(
    ("limits", "group"),
    [
        ({"waiting:type:simulation": 2}, ("type", "simulation")),
        ({"waiting:type:*": 2}, ("type", "simulation")),
        ({"waiting:customer:c:1": 2, "waiting:type:*": 9}, ("customer", "c:1")),
        ({"waiting:customer:*": 2}, ("customer", "c:1")),
    ],
)
async def test_a_full_queue_keeps_nothing_of_one_job_more(
    store: Store, hand: Hand, limits: dict[str, int], group: tuple[str, str]
) -> None:
    await limited(store, limits)
    mine = spec(customer_id="c:1", workflow_id="f", unique_key=None)
    await store.jobs.submit(mine)
    delayed = await store.jobs.submit(spec(customer_id="c:1", run_at=LATER_MS))
    async with store.unchanged():
        with pytest.raises(QueueFullError) as refused:
            await store.jobs.submit(mine)
    assert (refused.value.kind, refused.value.name, refused.value.limit) == (*group, 2)
    await store.jobs.submit(spec("other"))
    await hand.claim()
    await store.jobs.submit(mine)
    await store.jobs.cancel(delayed.job_id, "enough")
    await store.jobs.submit(mine)


async def test_a_limit_of_its_own_beats_that_for_all(store: Store) -> None:
    await limited(store, {"waiting:type:*": 0, "waiting:type:simulation": 1})
    await store.jobs.submit(spec())
    for full in (spec(), spec("other")):
        with pytest.raises(QueueFullError):
            await store.jobs.submit(full)


@pytest.mark.parametrize("lanes", [1, 30])
async def test_jobs_that_may_not_run_are_passed_over_and_the_order_is_kept(
    store: Store, lanes: int
) -> None:
    """With few lanes they are looked at one by one, with many there is a walk along the heads."""
    services = tuple(f"s{number}" for number in range(lanes))
    hand = await store.hand("w9", capability=Capability(services=services), slots=100)
    await limited(store, {"running:customer:greedy": 1})

    async def submit(number: int, customer: str | None, priority: int) -> str:
        need = Requirement(service_type=services[number % lanes], customer_id=customer)
        asked: dict[str, Any] = {"customer_id": customer, "requirement": need}
        return (await store.jobs.submit(spec("t", priority=priority, **asked))).job_id

    greedy = [await submit(number, "greedy", 9) for number in range(lanes + 1)]
    others = [await submit(number, None, number % 3) for number in range(6)]
    claimed = [each.lease for each in await hand.claim(16)]
    in_order = sorted(range(6), key=lambda number: (-(number % 3), number))
    assert [lease.job_id for lease in claimed] == [greedy[0], *(others[each] for each in in_order)]
    assert await hand.claim() == []
    await store.jobs.complete(claimed[0], "{}")
    assert [each.lease.job_id for each in await hand.claim(16)] == [greedy[1]]


async def end(store: Store, lease: Lease, how: str) -> None:
    match how:
        case "complete":
            await store.jobs.complete(lease, "{}")
        case "cancel":
            await store.jobs.cancel(lease.job_id, "enough")
        case "fail":
            await store.jobs.fail(lease, failure(), 60)
        case "release":
            await store.jobs.release(lease, Reason.DRAINED)
        case "expire":
            await overdue(store, lease.job_id)
            await store.jobs.expire(lease.job_id)
        case _:
            await store.client.command("ZADD", key("leases"), 1, lease.job_id)
            await store.jobs.reap(lease, 0)


@pytest.mark.parametrize("how", ["complete", "cancel", "fail", "release", "expire", "reap"])
async def test_room_is_news_however_it_comes(store: Store, hand: Hand, how: str) -> None:
    await limited(store, ONE_RUNS)
    lease = await hand.take(spec(deadline=LATER_MS))
    assert ROOM in await store.announced(end(store, lease, how))


async def test_what_is_not_limited_or_was_not_full_is_no_news(store: Store, hand: Hand) -> None:
    async def complete() -> None:
        await store.jobs.complete(await hand.take(), "{}")

    assert ROOM not in await store.announced(complete())
    await limited(store, {"running:type:simulation": 2, "waiting:type:*": 1})
    assert ROOM not in await store.announced(complete())


async def test_what_a_worker_would_be_given_knows_the_limits(store: Store, hand: Hand) -> None:
    await hand.claim(0)
    await limited(store, {"running:type:simulation": 2})
    await hand.take()
    ids = [(await store.jobs.submit(spec())).job_id for _ in range(3)]
    await store.lanes.classify(hand.class_, hand.capability, "0")
    assert (await store.client.script("peek", hand.class_, 5, 0, 0, "w1"))[1:] == [ids[:1]]


async def test_an_adopted_job_runs_beyond_the_limit(store: Store, hand: Hand) -> None:
    """Its worker never stopped, and stopping it would waste what it has done."""
    await limited(store, ONE_RUNS)
    lost = await hand.lost()
    other = await store.hand("w2")
    await store.jobs.submit(spec(priority=99))
    assert len(await other.claim()) == 1
    assert await store.jobs.renew("w1", "s1", (lost,)) == ()
    assert (await store.job(lost.job_id)).status is JobState.IN_PROGRESS


async def test_a_job_that_is_claimed_by_its_id_keeps_to_the_limit(store: Store, hand: Hand) -> None:
    await limited(store, ONE_RUNS)
    lease = await hand.take()
    second = await store.jobs.submit(spec())
    async with store.unchanged():
        assert (await store.jobs.take("w1", "s1", second.job_id)).outcome == "capped"
    await store.jobs.complete(lease, "{}")
    assert (await store.jobs.take("w1", "s1", second.job_id)).outcome == "claimed"
