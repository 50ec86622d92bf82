"""peek: what a claim would give, without taking it."""

import pytest

from shared.matching import Capability, Requirement
from shared.states import JobState
from tests.support.store import Hand, Store, spec


async def peek(store: Store, hand: Hand, wanted: int) -> list[str]:
    (told,) = await store.outlook.peek(hand.class_, hand.capability, wanted, [hand.worker_id])
    return told


async def test_nothing_waits_for_anybody(store: Store, hand: Hand) -> None:
    assert await peek(store, hand, 5) == []


@pytest.mark.parametrize("served", [1, 2, 7, 12])
async def test_a_look_tells_what_claims_then_give_in_order(store: Store, served: int) -> None:
    for number in range(36):
        service, priority = f"service-{number * 5 % 12}", number * 7 % 11
        requirement = Requirement(service_type=service)
        await store.jobs.submit(spec(priority=priority, requirement=requirement))
    mine = tuple(f"service-{number}" for number in range(served))
    hand = await store.hand("w1", capability=Capability(services=mine), slots=100)
    for wanted in (1, 3, 40):
        told = await peek(store, hand, wanted)
        assert len(told) == min(wanted, 3 * served)
    claimed = [each.lease.job_id for _ in range(5) for each in await hand.claim(10)]
    assert claimed == told


async def test_a_look_changes_nothing(store: Store, hand: Hand) -> None:
    await hand.put(JobState.PENDING)
    await store.jobs.submit(spec("other"))
    await peek(store, hand, 5)  # the class is told its lanes
    async with store.unchanged():
        assert len(await peek(store, hand, 5)) == 1


async def test_a_class_that_does_not_know_all_lanes_is_told_first(store: Store, hand: Hand) -> None:
    job = await store.jobs.submit(spec())
    assert await store.client.script("peek", hand.class_, 1, 0, 0, "w1") == [
        "stale", "0", hand.class_,
    ]  # fmt: skip
    assert await peek(store, hand, 1) == [job.job_id]


async def test_a_worker_s_next_jobs_are_told_whether_it_has_room_or_not(store: Store) -> None:
    hand = await store.hand("w2", slots=1)
    jobs = [await store.jobs.submit(spec()) for _ in range(3)]
    await hand.claim()
    found = await store.outlook.next("w2", 9)
    assert found is not None
    assert found.job_ids == [each.job_id for each in jobs[1:]]
    assert (found.is_connected, found.free_slots) == (True, 0)


async def test_a_worker_that_is_gone_is_known_as_gone(store: Store, hand: Hand) -> None:
    await store.workers.depart("w1", "s1", 9)
    found = await store.outlook.next("w1", 1)
    assert found is not None
    assert (found.is_connected, found.free_slots, found.job_ids) == (False, 10, [])


async def test_nobody_has_no_next_job(store: Store) -> None:
    assert await store.outlook.next("nobody", 1) is None
