"""What happens during a claim: more credit, and more work."""

import asyncio
from typing import Any

import pytest

from hub.store.jobs import Jobs
from shared.matching import Capability
from tests.support.room import Gate, Room, gated
from tests.support.waiting import wait_until


def claims_counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many jobs each claim from now on asks for."""
    claims, real = list[int](), Jobs.claim

    async def counted(jobs: Jobs, *arguments: Any) -> Any:
        claims.append(arguments[-1])
        return await real(jobs, *arguments)

    monkeypatch.setattr(Jobs, "claim", counted)
    return claims


async def test_a_call_that_comes_during_a_claim_is_not_forgotten(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await room.seat()
    gate = gated(monkeypatch, Jobs, "claim")
    room.dispatcher.add_credit(seat, 1)
    await gate.is_reached.wait()
    room.dispatcher.add_credit(seat, 1)  # the claim under way asks for one only
    await room.submit(2)
    gate.is_open.set()
    await room.quiet()
    assert room.counts() == {"w1": 2}


async def test_credit_that_comes_during_a_claim_is_used_for_other_lanes_too(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = await room.seat("w1")
    broad = await room.seat("w2", Capability(services=("simulation", "comfyui")), credit=1)
    gate, real, claimed = Gate(), Jobs.claim, list[str]()

    async def held(jobs: Jobs, worker_id: str, *arguments: Any) -> Any:
        found = await real(jobs, worker_id, *arguments)
        claimed.append(worker_id)
        if worker_id == "w2":
            await gate()
        return found

    monkeypatch.setattr(Jobs, "claim", held)
    lane = await room.submit()
    await room.submit(service="comfyui")
    room.dispatcher.wake(lane)
    await gate.is_reached.wait()
    room.dispatcher.add_credit(broad, 1)
    room.dispatcher.add_credit(narrow, 1)
    await wait_until(lambda: claimed == ["w2", "w1"] and not narrow.is_claiming)
    gate.is_open.set()
    await room.quiet()
    assert room.counts() == {"w2": 2}


async def test_credit_that_comes_during_a_claim_that_finds_too_little_is_kept(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await room.seat()
    claims, gate = claims_counted(monkeypatch), gated(monkeypatch, Jobs, "claim")
    room.dispatcher.add_credit(seat, 2)
    await gate.is_reached.wait()
    room.dispatcher.add_credit(seat, 1)
    gate.is_open.set()
    await room.quiet()
    assert (claims, seat.credit) == ([2], 3)


async def test_a_lane_that_gets_work_during_a_claim_is_looked_at_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await room.seat()
    real, seen = Jobs.claim, asyncio.Event()

    async def claimed_before(jobs: Jobs, *arguments: Any) -> Any:
        found = await real(jobs, *arguments)
        if not found.jobs:
            await seen.wait()
        return found

    monkeypatch.setattr(Jobs, "claim", claimed_before)
    room.dispatcher.add_credit(seat, 1)
    await wait_until(lambda: seat.is_claiming)
    room.dispatcher.wake(await room.submit())
    await wait_until(lambda: seat.is_called or room.counts())
    seen.set()
    await room.quiet()
    assert room.counts() == {"w1": 1}


async def test_a_worker_for_which_nothing_was_left_is_served_when_there_is_work(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = await room.seat(credit=1)
    claims = claims_counted(monkeypatch)
    room.dispatcher.add_credit(seat, 2)
    await room.quiet()
    assert claims == []
    await room.woken(await room.submit(2))
    assert room.counts() == {"w1": 2}
    assert set(claims) == {3}  # once more when the class has learnt the lane
