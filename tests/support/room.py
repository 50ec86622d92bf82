"""A dispatcher over a real store, its workers, and a gate that holds a call of it."""

import asyncio
from typing import Any

import pytest
from attrs import define, field

from hub.dispatcher import Dispatcher
from hub.seats import Seat
from hub.store.claims import Claimed
from shared.matching import Capability
from tests.support.store import CAPABILITY, Store, spec
from tests.support.waiting import wait_until


@define
class Room:
    """A dispatcher, and what its workers got."""

    store: Store
    dispatcher: Dispatcher
    got: dict[str, list[Claimed]] = field(factory=dict)
    evicted: list[str] = field(factory=list)

    async def seat(
        self, worker_id: str = "w1", capability: Capability = CAPABILITY, credit: int = 0
    ) -> Seat:
        """A registered worker, seated, which asks for `credit` jobs."""
        hand = await self.store.hand(worker_id, capability=capability, slots=100)
        mine = self.got.setdefault(worker_id, [])
        seat = Seat(
            worker_id, hand.session, hand.class_, capability, mine.append,
            lambda: self.evicted.append(worker_id),
        )  # fmt: skip
        self.dispatcher.sit(seat)
        self.dispatcher.add_credit(seat, credit)
        await self.quiet()
        return seat

    async def submit(self, number: int = 1, service: str = "simulation") -> str:
        """The lane of new jobs, of which nobody is told."""
        jobs = [await self.store.jobs.submit(spec(service)) for _ in range(number)]
        return jobs[0].lane

    async def quiet(self) -> None:
        """Nothing is under way any more."""
        await wait_until(lambda: not self.dispatcher._tasks)  # pyright: ignore[reportPrivateUsage] - nothing else tells

    async def woken(self, lane: str) -> None:
        """Tell of the lane, and wait until all is done."""
        self.dispatcher.wake(lane)
        await self.quiet()

    def counts(self) -> dict[str, int]:
        """How many jobs each worker got."""
        return {worker_id: len(jobs) for worker_id, jobs in self.got.items() if jobs}


@define
class Gate:
    """Holds calls of one method until it is opened."""

    is_open: asyncio.Event = field(factory=asyncio.Event)
    is_reached: asyncio.Event = field(factory=asyncio.Event)

    async def __call__(self) -> None:
        self.is_reached.set()
        await self.is_open.wait()


def gated(monkeypatch: pytest.MonkeyPatch, owner: type[Any], method: str) -> Gate:
    """The method waits at the gate, then does its work."""
    gate, real = Gate(), getattr(owner, method)

    async def waits(*arguments: Any) -> Any:
        await gate()
        return await real(*arguments)

    monkeypatch.setattr(owner, method, waits)
    return gate
