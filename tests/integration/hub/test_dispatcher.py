"""Waiting jobs and idle workers are brought together, over a real store."""

import asyncio

import pytest
from attrs import evolve

from hub import dispatcher as module
from hub.dispatcher import BATCH
from hub.seats import Seat
from hub.store.claims import Claimed
from hub.store.client import StoreUnavailableError
from hub.store.jobs import Jobs
from hub.store.keys import key
from hub.store.lanes import Lanes
from hub.store.submissions import DeadlinePassedError
from shared.matching import Capability, Cost
from shared.states import JobState
from tests.support.room import Room, gated
from tests.support.store import CAPABILITY, failure, spec
from tests.support.waiting import wait_until

OTHER = Capability(services=("comfyui",))


async def test_a_worker_that_asks_is_served_at_once(room: Room) -> None:
    await room.submit(2)
    seat = await room.seat(credit=1)
    assert room.counts() == {"w1": 1}
    assert seat.credit == 0


async def test_a_worker_is_served_until_nothing_is_left(room: Room) -> None:
    await room.submit(BATCH + 3)
    seat = await room.seat(credit=BATCH + 5)
    assert room.counts() == {"w1": BATCH + 3}
    assert seat.credit == 2


async def test_a_worker_never_gets_more_than_it_asked_for(room: Room) -> None:
    await room.submit(BATCH + 5)
    await room.seat(credit=BATCH + 2)
    assert room.counts() == {"w1": BATCH + 2}


async def test_a_parked_worker_is_woken_for_a_lane_that_it_can_serve(room: Room) -> None:
    await room.seat("w1", OTHER, credit=1)
    await room.seat("w2", credit=1)
    await room.woken(await room.submit())
    assert room.counts() == {"w2": 1}


async def test_a_lane_that_nobody_here_can_serve_wakes_nobody(room: Room) -> None:
    seat = await room.seat(credit=1)
    await room.woken(await room.submit(service="comfyui"))
    await room.woken("a lane that is gone")
    assert (room.counts(), seat.credit) == ({}, 1)


async def test_a_worker_without_credit_is_left_alone(room: Room) -> None:
    await room.seat()
    await room.woken(await room.submit())
    assert room.counts() == {}


async def test_jobs_of_one_lane_go_round(room: Room) -> None:
    for worker_id in ("w1", "w2", "w3"):
        await room.seat(worker_id, credit=1)
    await room.woken(await room.submit(3))
    assert room.counts() == {"w1": 1, "w2": 1, "w3": 1}


async def test_who_was_served_goes_to_the_end_of_the_line(room: Room) -> None:
    for worker_id in ("w1", "w2"):
        await room.seat(worker_id, credit=5)
    for _ in range(2):
        await room.woken(await room.submit())
    assert room.counts() == {"w1": 1, "w2": 1}


async def test_the_cheaper_worker_is_called_first(room: Room) -> None:
    for worker_id, rate in (("dear", 3), ("cheap", 1), ("middle", 2)):
        capability = evolve(CAPABILITY, cost=Cost(rate_per_hour=rate))
        await room.seat(worker_id, capability, credit=1)
    for expected in ("cheap", "middle", "dear"):
        await room.woken(await room.submit())
        assert len(room.got[expected]) == 1


async def test_of_workers_that_are_as_free_the_one_that_has_loaded_it_is_called(room: Room) -> None:
    both = Capability(services=("simulation", "comfyui"))
    seats = [await room.seat(worker_id, both, credit=1) for worker_id in ("w1", "w2")]
    for service in ("simulation", "comfyui"):
        await room.woken(await room.submit(1, service))
    for seat in reversed(seats):
        room.dispatcher.add_credit(seat, 1)
        await room.quiet()
    for _ in range(2):  # w2 has run it, and w1 stands before it
        await room.woken(await room.submit(1, "comfyui"))
    assert [len(room.got[each]) for each in ("w1", "w2")] == [2, 2]
    assert room.got["w2"][1].loads == room.got["w2"][0].loads


async def test_waking_ends_at_a_worker_that_finds_nothing(room: Room) -> None:
    await room.seat("w1", credit=1)
    lane = await room.submit()
    hand = await room.store.hand("elsewhere")
    await hand.claim()
    await room.woken(lane)
    assert room.counts() == {}


async def test_a_worker_that_left_gets_nothing(room: Room) -> None:
    gone, staying = await room.seat("w1", credit=1), await room.seat("w2", credit=1)
    room.dispatcher.leave(gone)
    await room.woken(await room.submit(2))
    assert room.counts() == {"w2": 1}
    room.dispatcher.leave(staying)
    room.dispatcher.leave(staying)
    await room.woken(await room.submit())
    assert room.counts() == {"w2": 1}


async def test_a_seat_that_was_taken_over_is_not_cleared_by_the_one_that_leaves(
    room: Room,
) -> None:
    older = await room.seat("w1", credit=1)
    await room.seat("w1", credit=1)
    room.dispatcher.leave(older)
    await room.woken(await room.submit())
    assert room.counts() == {"w1": 1}


async def test_a_worker_that_leaves_while_it_is_considered_is_passed_over(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await room.seat(credit=1)
    gate = gated(monkeypatch, Lanes, "requirement")
    room.dispatcher.wake(await room.submit())
    await gate.is_reached.wait()
    room.dispatcher.leave(seat)
    gate.is_open.set()
    await room.quiet()
    assert room.counts() == {}


async def test_a_worker_that_leaves_during_its_claim_holds_the_job_until_its_lease_ends(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await room.seat(credit=1)
    gate = gated(monkeypatch, Jobs, "claim")
    lane = await room.submit()
    room.dispatcher.wake(lane)
    await gate.is_reached.wait()
    room.dispatcher.leave(seat)
    gate.is_open.set()
    await room.quiet()
    (claimed,) = room.got["w1"]
    assert (await room.store.job(claimed.lease.job_id)).status is JobState.ASSIGNED


async def test_a_worker_that_was_taken_over_elsewhere_is_told(room: Room) -> None:
    seat = await room.seat()
    await room.store.hand("w1", session="another")
    room.dispatcher.add_credit(seat, 1)
    await room.quiet()
    assert room.evicted == ["w1"]


async def test_a_claim_without_an_answer_keeps_the_credit(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lane = await room.submit()

    async def lost(*_: object) -> list[Claimed]:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(Jobs, "claim", lost)
        seat = await room.seat(credit=1)
    assert "cannot claim for w1: away" in caplog.text
    assert seat.credit == 1
    await room.woken(lane)
    assert room.counts() == {"w1": 1}


async def test_what_was_not_told_is_found_by_looking(room: Room) -> None:
    await room.seat(credit=1)
    await room.submit()
    room.dispatcher.look_soon()
    await room.quiet()
    assert room.counts() == {"w1": 1}


async def test_what_was_not_told_is_found_after_a_while(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_S", 0.01)
    running = asyncio.create_task(room.dispatcher.run())
    await room.seat(credit=1)
    await room.submit()
    await wait_until(room.counts)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert room.counts() == {"w1": 1}


async def test_a_look_without_an_answer_is_only_logged(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def lost(*_: object) -> list[str]:
        raise StoreUnavailableError("away")

    monkeypatch.setattr(Lanes, "waiting", lost)
    await room.dispatcher.look()
    assert "cannot look for waiting jobs: away" in caplog.text


async def test_a_stopped_dispatcher_finishes_its_claims_and_starts_none(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await room.seat()
    lane = await room.submit(3)
    gate = gated(monkeypatch, Jobs, "claim")
    room.dispatcher.add_credit(seat, 1)
    await gate.is_reached.wait()
    stopping = asyncio.create_task(room.dispatcher.stop())
    await asyncio.sleep(0)
    room.dispatcher.add_credit(seat, 1)
    gate.is_open.set()
    await stopping
    await room.woken(lane)
    assert room.counts() == {"w1": 1}


async def test_every_lane_that_a_class_can_serve_is_found_though_it_was_added_later(
    room: Room,
) -> None:
    broad = evolve(CAPABILITY, services=("simulation", "comfyui"))
    await room.submit()
    await room.seat("w1", broad, credit=5)
    await room.woken(await room.submit(service="comfyui"))
    assert room.counts() == {"w1": 2}
    assert await room.store.client.command("ZCARD", key("heads")) == 0


async def test_of_idle_workers_one_that_has_not_failed_with_the_jobs_is_called_first(
    room: Room,
) -> None:
    await room.seat("w1", credit=1)
    await room.submit()
    await room.dispatcher.look()
    await room.quiet()
    (failed,) = room.got["w1"]
    await room.seat("w1", credit=1)
    await room.seat("w2", credit=1)
    await room.store.jobs.fail(failed.lease, failure(), 0)
    await room.store.jobs.promote(failed.lease.job_id)
    lane = (await room.store.facts(failed.lease.job_id))["lane"]
    await room.woken(lane)
    assert [each.lease.job_id for each in room.got["w2"]] == [failed.lease.job_id]
    await room.store.jobs.fail(room.got["w2"][0].lease, failure(), 0)
    await room.store.jobs.promote(failed.lease.job_id)
    await room.woken((await room.store.facts(failed.lease.job_id))["lane"])
    assert room.counts() == {"w1": 2, "w2": 1}


async def test_a_job_goes_to_the_worker_that_waits_with_its_submission(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await known(room)
    gate = gated(monkeypatch, Jobs, "claim")
    submitted = await room.dispatcher.submit(spec())
    (_, claimed) = room.got["w1"]
    assert (claimed.lease.job_id, seat.credit) == (submitted.job_id, 1)
    assert not gate.is_reached.is_set()


async def test_jobs_that_come_together_are_no_more_than_the_worker_asked_for(room: Room) -> None:
    await known(room)
    jobs = await asyncio.gather(*(room.dispatcher.submit(spec()) for _ in range(4)))
    await room.quiet()
    assert [each.lease.job_id for each in room.got["w1"][1:]] == [each.job_id for each in jobs[:2]]


@pytest.mark.parametrize("together", [True, False])
async def test_a_job_behind_a_worker_that_has_all_it_asked_for_is_given_when_it_asks_again(
    room: Room, *, together: bool
) -> None:
    seat = await known(room)
    jobs = [spec() for _ in range(3)]
    if together:
        await asyncio.gather(*map(room.dispatcher.submit, jobs))
    else:
        for each in jobs:
            await room.dispatcher.submit(each)
    await room.quiet()
    assert room.counts() == {"w1": 3}
    room.dispatcher.add_credit(seat, 1)
    await room.quiet()
    assert room.counts() == {"w1": 4}


async def test_who_submits_need_not_wait_for_the_worker_to_get_the_job(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await known(room)
    gate = gated(monkeypatch, Jobs, "submit")
    submitting = asyncio.create_task(room.dispatcher.submit(spec()))
    await gate.is_reached.wait()
    submitting.cancel()
    gate.is_open.set()
    await room.quiet()
    assert room.counts() == {"w1": 2}


async def test_a_job_behind_another_waits_for_a_claim(room: Room) -> None:
    await known(room)
    first = await room.store.jobs.submit(spec())
    second = await room.dispatcher.submit(spec())
    await room.quiet()
    assert [each.lease.job_id for each in room.got["w1"][1:]] == [first.job_id, second.job_id]


async def test_a_job_that_is_refused_leaves_the_worker_waiting(room: Room) -> None:
    await known(room)
    with pytest.raises(DeadlinePassedError):
        await room.dispatcher.submit(spec(deadline=1))
    await room.dispatcher.submit(spec())
    assert room.counts() == {"w1": 2}


async def test_a_worker_whose_claim_broke_is_called_for_a_job(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> list[Claimed]:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(Jobs, "claim", lost)
        await room.seat(credit=1)
    await room.dispatcher.submit(spec())
    await room.quiet()
    assert room.counts() == {"w1": 1}


async def test_a_stopped_dispatcher_accepts_jobs_and_gives_them_to_nobody(room: Room) -> None:
    await known(room)
    await room.dispatcher.stop()
    submitted = await room.dispatcher.submit(spec())
    assert (await room.store.job(submitted.job_id)).status is JobState.PENDING
    assert room.counts() == {"w1": 1}


async def test_a_stop_does_not_wait_for_what_has_just_ended(room: Room) -> None:
    await room.seat()
    room.dispatcher.make_room()
    await asyncio.sleep(0)  # nobody is idle: it has ended, and is not forgotten yet
    await room.dispatcher.stop()
    assert not room.dispatcher._tasks  # pyright: ignore[reportPrivateUsage] - nothing else tells


async def known(room: Room) -> Seat:
    """A worker that waits for two jobs of a lane that it knows, of which it has had one."""
    seat = await room.seat(credit=3)
    await room.woken(await room.submit())
    assert (seat.is_parked, seat.credit) == (True, 2)
    return seat
