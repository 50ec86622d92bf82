"""Brings waiting jobs and idle workers together.

A worker says how many more jobs it would take (its credit). It is served at once if something
waits, and else parked. A job that comes goes to one that is parked with its submission, if nothing
waits that this one would be given before it. For all that is in a lane one parked worker is woken, and
as long as it finds something, the next. Nothing is decided here: a claim is a script.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from attrs import define, field

from hub.seats import Seat, Seats
from hub.store.claims import Claimant, Claimed
from hub.store.client import StoreUnavailableError
from hub.store.jobs import EvictedError, Jobs
from hub.store.lanes import Lanes, lane_of
from hub.store.preferences import loads_of
from hub.store.submissions import Submitted
from shared.jobs import JobSpec
from shared.matching import Requirement

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 16
"""The most jobs in one claim."""
LOOK_AGAIN_S = 5.0
"""How often waiting lanes are looked at even when nothing was told."""
LOOKED_AT = 100


@define
class Dispatcher:
    """The seats of one hub, and the calls for them."""

    jobs: Jobs
    lanes: Lanes
    id: str = field(factory=lambda: secrets.token_hex(4), init=False)
    _seats: Seats = field(factory=Seats, init=False)
    _tasks: set[asyncio.Task[Any]] = field(factory=set, init=False)
    _is_stopping: bool = field(default=False, init=False)

    def sit(self, seat: Seat) -> None:
        """A worker is connected. It has no credit yet."""
        self._seats.add(seat)

    def leave(self, seat: Seat) -> None:
        """A worker is gone. What it was assigned stays its own until its lease ends."""
        seat.credit = 0
        self._seats.remove(seat)

    def add_credit(self, seat: Seat, more: int) -> None:
        """The worker can take `more` jobs. One that is parked is told when there are any, and a
        claim under way tells whether there are.
        """
        seat.credit += more
        if not seat.is_claiming and not seat.is_parked:
            self._call(seat)

    async def submit(self, spec: JobSpec) -> Submitted:
        """Accept a job. A worker that waits gets it at once, if it is the first in order for it.

        Raises as `Jobs.submit`.
        """
        seat = self._idle_but(lane_of(spec).id, spec.requirement)
        if seat is not None and seat.is_parked and not self._is_stopping:
            seat.is_claiming = True  # the next submission must know, before the task has begun
            submitting = self._spawn(self._submit_for(seat, spec))
        else:
            submitting = self._spawn(self.jobs.submit(spec, self.id))
            if seat is not None:
                self._call(seat)  # its claim goes behind the submission
        # A job that a worker has is told to it, whether or not somebody still waits for this.
        return await asyncio.shield(submitting)

    async def _submit_for(self, seat: Seat, spec: JobSpec) -> Submitted:
        claimant = Claimant(seat.worker_id, seat.session, seat.class_)
        with self._claiming(seat):
            submitted = await self.jobs.submit(spec, self.id, claimant)
            if submitted.claimed:
                self._assign(seat, submitted.claimed)
                seat.is_parked = seat.credit > 0
                self._seats.move_to_end(seat)
        if not submitted.claimed:
            self.wake(submitted.lane)
        return submitted

    @staticmethod
    def _assign(seat: Seat, claimed: Claimed) -> None:
        seat.credit -= 1
        seat.warm = claimed.loads
        seat.assign(claimed)

    def wake(self, lane: str, waker: str = "") -> None:
        """A lane has work, and if it was this dispatcher that brought it, has been looked after."""
        if self._seats and waker != self.id:
            self._spawn(self._serve_lane(lane))

    def look_soon(self) -> None:
        """Something may not have been told."""
        self._spawn(self.look())

    def make_room(self) -> None:
        """More jobs may run than before, whatever lanes they are in."""
        for class_ in self._seats.classes:
            self._spawn(self._serve_class(class_))

    async def run(self) -> None:
        """Look at the waiting lanes now and then: whatever was not told is found here."""
        while True:
            await asyncio.sleep(LOOK_AGAIN_S)
            await self.look()

    async def look(self) -> None:
        """Wake workers for every lane that has work."""
        try:
            for lane in await self.lanes.waiting(LOOKED_AT):
                self.wake(lane)
        except StoreUnavailableError as problem:
            log.warning("cannot look for waiting jobs: %s", problem)

    async def stop(self) -> None:
        """No new claims; those under way are finished, so that no job is left in between."""
        self._is_stopping = True
        while self._tasks:
            await asyncio.wait(self._tasks)  # lets those that have just ended leave the set

    async def _serve_lane(self, lane: str) -> None:
        await self._serve_idle(partial(self._idle_seat, lane))

    async def _serve_idle(self, next_idle: Callable[[], Awaitable[Seat | None]]) -> None:
        """One worker after the other, until one leaves nothing that it could do."""
        has_more = True
        while has_more and (seat := await next_idle()):
            has_more = await self._claim_once(seat)
            self._seats.move_to_end(seat)
            if has_more:  # for what it can do beside what the others are called for
                self._call(seat)

    async def _idle_seat(self, lane: str) -> Seat | None:
        """One that has not failed with the jobs of the lane; if there is none, one that has."""
        requirement = await self.lanes.requirement(lane)
        if requirement is None:
            return None
        shunned = await self.lanes.shunned_by(lane)
        seat = self._idle_but(lane, requirement, shunned)
        if seat or not shunned:
            return seat
        return self._idle_but(lane, requirement)

    def _idle_but(
        self, lane: str, requirement: Requirement, others: frozenset[str] = frozenset()
    ) -> Seat | None:
        suits = partial(self.lanes.suits, lane=lane, requirement=requirement)
        return self._seats.idle(suits, loads_of(requirement), others)

    async def _serve_class(self, class_: str) -> None:
        async def next_idle() -> Seat | None:
            return self._seats.idle(lambda each, _: each == class_)

        await self._serve_idle(next_idle)

    def _call(self, seat: Seat) -> None:
        if seat.credit > 0:
            self._spawn(self._serve(seat))

    async def _serve(self, seat: Seat) -> None:
        """Claim until nothing is left or no credit."""
        while await self._claim_once(seat):
            pass

    async def _claim_once(self, seat: Seat) -> bool:
        """Whether more may wait. Never twice at the same time for one worker."""
        if self._is_stopping or seat.is_claiming or seat.credit <= 0:
            return False
        seat.is_parked = False
        try:
            with self._claiming(seat):
                return await self._claim(seat)
        except EvictedError:
            seat.evicted()
        except StoreUnavailableError as problem:
            # Leases of a claim whose answer was lost run out, and the jobs return to their places.
            log.warning("cannot claim for %s: %s", seat.worker_id, problem)
        return False

    @contextmanager
    def _claiming(self, seat: Seat) -> Generator[None]:
        """Whoever calls the worker meanwhile is heard afterwards."""
        seat.is_claiming = True
        try:
            yield
        finally:
            seat.is_claiming = False
            if seat.is_called:
                seat.is_called = False
                self._call(seat)

    async def _claim(self, seat: Seat) -> bool:
        wanted = min(seat.credit, BATCH)
        ask = partial(self.jobs.claim, seat.worker_id, seat.session, seat.class_, wanted)
        claims = await self.lanes.informed(ask, {seat.class_: seat.capability})
        seat.is_parked = not claims.may_be_more
        for each in claims.jobs:
            self._assign(seat, each)
        return claims.may_be_more and bool(claims.jobs)

    def _spawn(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
