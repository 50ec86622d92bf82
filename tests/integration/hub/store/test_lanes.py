"""Lanes: which classes of workers can serve which, and since when that is known."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from attrs import define, evolve, field

from hub.store import lanes as lanes_module
from hub.store.client import Client
from hub.store.keys import key
from hub.store.lanes import Lanes, canonical, digest
from shared.labels import label_needs
from shared.matching import Capability, HardwareNeed, Requirement
from shared.states import JobState
from tests.support.store import CAPABILITY, Hand, Store, spec


def needs(**more: Any) -> Requirement:
    return evolve(Requirement(service_type="a"), **more)


def test_equal_facts_have_equal_names_in_whatever_order_they_are_said() -> None:
    one = Capability(services=("a", "b"), models={"a": ("x", "y"), "b": ()})
    two = Capability(services=("b", "a"), models={"b": (), "a": ("y", "x")})
    assert canonical(one) == canonical(two)
    assert digest(canonical(one)) == digest(canonical(two))
    assert len(digest(canonical(one))) == 20
    asked = label_needs({"disk": "nvme", "zone": {"in": ["a", "b"]}})
    swapped = label_needs({"zone": {"in": ["b", "a"]}, "disk": "nvme"})
    assert canonical(needs(labels=asked)) == canonical(needs(labels=swapped))


@pytest.mark.parametrize(("whole", "other"), [(24, 24.0), (0, 0.0), (0, -0.0)])
def test_a_number_has_one_name_however_it_is_written(whole: int, other: float) -> None:
    def asks(gpu_memory_gb: float) -> Requirement:
        return needs(hardware=HardwareNeed(gpu_memory_gb=gpu_memory_gb), max_rate_per_hour=1)

    # A lane is remembered by its requirement: equal ones must not depend on which was first.
    assert asks(whole) == asks(other)
    assert canonical(asks(whole)) == canonical(asks(other))


def test_different_facts_have_different_names() -> None:
    facts = [
        Requirement(service_type="a"),
        Requirement(service_type="b"),
        Requirement(service_type="a", models=("x",)),
        Requirement(service_type="a", component="x"),
        Requirement(service_type="a", hardware=HardwareNeed(gpu_memory_gb=1)),
        Requirement(service_type="a", hardware=HardwareNeed(ram_gb=1)),
        needs(labels=label_needs({"disk": "nvme"})),
        needs(labels=label_needs({"disk": {"not": "nvme"}})),
    ]
    assert len({digest(canonical(each)) for each in facts}) == len(facts)


async def test_a_class_can_serve_the_lanes_whose_requirements_it_satisfies(
    store: Store, hand: Hand
) -> None:
    mine = await store.jobs.submit(spec())
    other = await store.jobs.submit(spec("other"))
    for _ in range(2):  # asked of Redis, then remembered
        assert await store.lanes.can_serve(hand.class_, CAPABILITY, mine.lane)
        assert not await store.lanes.can_serve(hand.class_, CAPABILITY, other.lane)


async def test_nobody_can_serve_a_lane_that_is_not_there(store: Store, hand: Hand) -> None:
    assert not await store.lanes.can_serve(hand.class_, CAPABILITY, "nowhere")


async def test_lanes_wait_in_the_order_of_their_first_jobs(store: Store, hand: Hand) -> None:
    low = await store.jobs.submit(spec("low", priority=1))
    high = await store.jobs.submit(spec("high", priority=9))
    await store.jobs.submit(spec("low", priority=5))
    middle = await store.jobs.submit(spec("middle", priority=5))
    await hand.put(JobState.ASSIGNED)
    assert await store.lanes.waiting(9) == [high.lane, low.lane, middle.lane]
    assert await store.lanes.waiting(1) == [high.lane]


@define
class MeddlingClient(Client):
    """Awaits something before the requirements of lanes are read."""

    before_requirements: Awaitable[object] = field(kw_only=True)

    async def command(self, *command: str | float) -> Any:
        if command[0] == "HMGET":
            await self.before_requirements
        return await super().command(*command)


async def classified(store: Store, class_: str) -> set[str]:
    lanes = (await store.dump()).get(key("eligible", class_), {})
    return set(lanes) - {""}


async def test_only_lanes_that_were_added_since_are_looked_at(store: Store) -> None:
    first = await store.jobs.submit(spec())
    await store.lanes.classify("c", CAPABILITY, "0")
    second = await store.jobs.submit(spec(customer_id="c", requirement=_customer("c")))
    await store.jobs.submit(spec("other"))
    await store.lanes.classify("c", CAPABILITY, "1")
    assert await classified(store, "c") == {first.lane, second.lane}


def _customer(name: str) -> Requirement:
    return Requirement(service_type="simulation", customer_id=name)


async def test_a_lane_that_was_added_twice_is_known_by_its_last_version(
    store: Store, hand: Hand
) -> None:
    await hand.put(JobState.COMPLETED)
    await store.jobs.purge("completed", 0)
    again = await store.jobs.submit(spec())
    assert (await store.dump())[key("lane_log")] == {again.lane: 2}
    await store.lanes.classify(hand.class_, CAPABILITY, "1")
    assert await classified(store, hand.class_) == {again.lane}


async def test_who_classifies_at_the_same_time_loses_no_lane(store: Store) -> None:
    lanes = [await store.jobs.submit(spec(requirement=_customer(f"c{n}"))) for n in range(20)]
    hubs = [Lanes(store.client) for _ in range(4)]
    await asyncio.gather(*(hub.classify("c", CAPABILITY, "0") for hub in hubs))
    assert await classified(store, "c") == {each.lane for each in lanes}


async def test_a_lane_added_after_the_look_makes_the_class_stale_again(
    store: Store, hand: Hand
) -> None:
    await store.jobs.submit(spec(requirement=_customer("c1"), priority=1))
    await store.lanes.classify(hand.class_, CAPABILITY, "0")
    late = await store.jobs.submit(spec(requirement=_customer("c2"), priority=2))
    (claimed,) = await hand.claim()
    assert claimed.lease.job_id == late.job_id


async def test_a_lane_that_ends_between_two_reads_is_left_out(store: Store, hand: Hand) -> None:
    await hand.put(JobState.COMPLETED)
    kept = await store.jobs.submit(spec(requirement=_customer("c")))
    meddling = MeddlingClient(
        store.client.redis, before_requirements=store.jobs.purge("completed", 0)
    )
    await meddling.open()
    await Lanes(meddling).classify("c", CAPABILITY, "0")
    assert await classified(store, "c") == {kept.lane}


@pytest.mark.parametrize("memory", [1, 3, 100])
async def test_a_small_memory_loses_no_lane(
    store: Store, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    monkeypatch.setattr(lanes_module, "MEMORY", memory)
    lanes = [await store.jobs.submit(spec(requirement=_customer(f"c{n}"))) for n in range(7)]
    await store.lanes.classify("c", CAPABILITY, "0")
    await store.lanes.classify("d", CAPABILITY, "0")
    everything = {each.lane for each in lanes}
    assert await classified(store, "c") == await classified(store, "d") == everything


async def test_others_get_a_turn_while_many_lanes_are_matched(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "CHUNK", 2)
    lanes = [await store.jobs.submit(spec(requirement=_customer(f"c{n}"))) for n in range(5)]
    await store.lanes.classify("c", CAPABILITY, "0")
    assert await classified(store, "c") == {each.lane for each in lanes}


async def test_a_class_that_is_not_known_is_told_by_its_workers(store: Store) -> None:
    hand = await store.hand("w1")
    job = await store.jobs.submit(spec())
    await store.lanes.catch_up(hand.class_, "0", {})
    assert await store.client.command("ZSCORE", key("eligible", hand.class_), job.lane) is not None


async def test_a_class_whose_last_worker_has_left_is_not_classified(store: Store) -> None:
    await store.jobs.submit(spec())
    async with store.unchanged():
        await store.lanes.catch_up("gone", "0", {})
