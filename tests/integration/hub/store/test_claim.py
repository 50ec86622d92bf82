"""claim: a worker takes the first jobs in order among the lanes that it can serve."""

import pytest

from hub.store.jobs import EvictedError
from hub.store.keys import key
from hub.store.lanes import StaleClassError
from shared.matching import Capability, Requirement
from shared.states import JobState, Reason
from tests.support.store import Hand, Store, others, spec


async def test_a_claimed_job_is_assigned_under_a_new_lease(store: Store, hand: Hand) -> None:
    submitted = await store.jobs.submit(spec(priority=7, timeout_minutes=0.5))
    (claimed,) = await hand.claim()
    assert (claimed.lease.job_id, claimed.lease.attempt) == (submitted.job_id, 1)
    assert (claimed.type, claimed.priority, claimed.timeout_s) == ("simulation", 7, 30)
    assert claimed.payload == {"n": 2**64}
    job = await store.job(submitted.job_id)
    assert (job.status, job.reason, job.attempt) == (JobState.ASSIGNED, Reason.CLAIMED, 1)
    assert job.worker_id == "w1"
    assert (job.assigned_at or 0) >= job.created_at


async def test_a_job_without_a_timeout_has_none(store: Store, hand: Hand) -> None:
    await store.jobs.submit(spec())
    assert (await hand.claim())[0].timeout_s is None


async def test_no_lease_id_is_given_twice(store: Store, hand: Hand) -> None:
    for _ in range(4):
        await store.jobs.submit(spec())
    leases = {each.lease.id for each in await hand.claim(4)}
    assert {len(lease) for lease in leases} == {32}
    assert len(leases) == 4


async def test_higher_priority_goes_first_then_first_come_first_served(
    store: Store, hand: Hand
) -> None:
    priorities = [0, 5, -5, 5, 0, 1_000_000, -1_000_000]
    jobs = [(await store.jobs.submit(spec(priority=each))).job_id for each in priorities]
    claimed = [each.lease.job_id for each in await hand.claim(7)]
    assert claimed == [jobs[at] for at in (5, 1, 3, 0, 4, 2, 6)]


async def test_a_worker_never_holds_more_than_its_slots(store: Store) -> None:
    hand = await store.hand("w2", slots=2)
    for _ in range(4):
        await store.jobs.submit(spec())
    first = await hand.claim(9)
    assert len(first) == 2
    assert await hand.claim() == []
    await store.jobs.complete(first[0].lease, "{}")
    assert len(await hand.claim(9)) == 1


async def test_a_worker_whose_slots_were_reduced_claims_nothing(store: Store) -> None:
    hand = await store.hand("w2", slots=2)
    for _ in range(3):
        await store.jobs.submit(spec())
    await hand.claim(2)
    fewer = await store.hand("w2", slots=1)
    assert await fewer.claim(2) == []


async def test_two_workers_never_get_the_same_job(store: Store) -> None:
    one, two = await store.hand("w1"), await store.hand("w2")
    await store.jobs.submit(spec())
    assert len(await one.claim()) == 1
    assert await two.claim() == []


@pytest.mark.parametrize("state", others(JobState.PENDING))
async def test_only_a_pending_job_is_claimed(store: Store, hand: Hand, state: JobState) -> None:
    await hand.put(state)
    async with store.unchanged():
        assert await hand.claim() == []


async def test_another_session_of_the_worker_is_evicted(store: Store, hand: Hand) -> None:
    await store.jobs.submit(spec())
    await hand.claim(0)
    newer = await store.hand("w1", session="s2")
    async with store.unchanged():
        with pytest.raises(EvictedError):
            await hand.claim()
    assert len(await newer.claim()) == 1


async def test_an_unknown_worker_is_evicted(store: Store) -> None:
    async with store.unchanged():
        with pytest.raises(EvictedError):
            await store.jobs.claim("nobody", "s1", "class", 1)


async def test_a_class_that_does_not_know_all_lanes_is_stale(store: Store, hand: Hand) -> None:
    assert await hand.claim() == []
    await store.jobs.submit(spec())
    async with store.unchanged():
        with pytest.raises(StaleClassError) as stale:
            await store.jobs.claim("w1", "s1", hand.class_, 1)
    assert stale.value.version == "0"


async def test_a_class_that_was_forgotten_is_classified_anew(store: Store, hand: Hand) -> None:
    await hand.put(JobState.PENDING)
    await store.client.command("DEL", key("eligible", hand.class_))
    assert len(await hand.claim()) == 1


async def test_the_same_operation_twice_claims_once(store: Store, hand: Hand) -> None:
    for _ in range(3):
        await store.jobs.submit(spec())
    await hand.claim(0)
    named = ("w1", "s1", hand.class_, 30_000, 0, 0, 2, "lease-")
    reply = await store.acts_once("claim", *named, but=(key("eligible", hand.class_),))
    assert (reply[0], reply[4], reply[12]) == ("claimed", "lease-01", "lease-02")
    assert await store.client.command("ZCARD", key("leases")) == 2


async def test_the_same_operation_twice_claims_nothing_twice(store: Store, hand: Hand) -> None:
    named = ("w1", "s1", hand.class_, 30_000, 0, 0, 1, "lease-")
    assert await store.acts_once("claim", *named) == [
        "claimed",
        0,
    ]


async def test_attempts_count_up_without_a_gap(store: Store, hand: Hand) -> None:
    lease = await hand.take()
    attempts = [lease.attempt]
    for _ in range(3):
        await store.jobs.release(lease, Reason.DRAINED)
        lease = (await hand.claim())[0].lease
        attempts.append(lease.attempt)
    assert attempts == [1, 2, 3, 4]


LANES = 24


@pytest.mark.parametrize("served", [0, 1, 2, 7, 23, 24], ids="{} of 24 lanes".format)
async def test_every_class_gets_the_first_in_order_of_its_lanes(store: Store, served: int) -> None:
    """Few lanes are looked at one by one, many are found by a walk along the heads."""
    order: list[tuple[int, int, str]] = []
    for number in range(LANES * 2):
        # Neighbours in order are far apart in number, so that no class finds its lanes together.
        lane, priority = number * 5 % LANES, number * 7 % 11
        job = await store.jobs.submit(
            spec(priority=priority, requirement=Requirement(service_type=f"service-{lane}"))
        )
        if lane >= LANES - served:
            order.append((-priority, number, job.job_id))
    mine = tuple(f"service-{lane}" for lane in range(LANES - served, LANES))
    hand = await store.hand("w1", capability=Capability(services=mine), slots=100)
    claimed = [each.lease.job_id for _ in range(8) for each in await hand.claim(8)]
    assert claimed == [job_id for _, _, job_id in sorted(order)]


async def test_lanes_that_are_gone_are_dropped_from_a_class(store: Store, hand: Hand) -> None:
    await hand.put(JobState.COMPLETED)
    await store.jobs.purge("completed", 0)
    await store.jobs.submit(spec("other"))
    lanes = await store.client.command("ZCARD", key("eligible", hand.class_))
    assert lanes == 2  # one lane and the version
    assert await hand.claim() == []
    assert await store.client.command("ZRANGE", key("eligible", hand.class_), 0, -1) == [""]


async def test_a_lane_that_is_empty_but_lives_stays_in_a_class(store: Store, hand: Hand) -> None:
    await hand.put(JobState.DELAYED)
    await store.jobs.submit(spec("other"))
    assert await hand.claim() == []
    assert await store.client.command("ZCARD", key("eligible", hand.class_)) == 2


async def test_a_lane_that_was_dropped_is_found_again_when_it_comes_back(
    store: Store, hand: Hand
) -> None:
    await hand.put(JobState.COMPLETED)
    await store.jobs.purge("completed", 0)
    await store.jobs.submit(spec("other"))
    await hand.claim()
    again = await store.jobs.submit(spec())
    (claimed,) = await hand.claim()
    assert claimed.lease.job_id == again.job_id


async def test_a_class_is_matched_anew_from_time_to_time_however_busy_it_is(
    store: Store, hand: Hand
) -> None:
    await hand.put(JobState.PENDING)
    await store.client.command("PEXPIRE", key("eligible", hand.class_), 1_000_000)
    await hand.claim()
    await hand.put(JobState.PENDING)
    await hand.claim()
    assert await store.client.command("PTTL", key("eligible", hand.class_)) <= 1_000_000
