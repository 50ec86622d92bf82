"""Brings waiting jobs and idle workers together.

A worker says how many more jobs it would take (its credit). It is served at once if something
waits, and else parked until a lane that it can serve has work; then one parked worker is woken,
and as long as it finds something, the next. Nothing is decided here: a claim is a script.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from attrs import define, field

from hub.store.claims import Claimed
from hub.store.client import StoreUnavailableError
from hub.store.jobs import EvictedError, Jobs
from hub.store.lanes import Lanes, lane_of
from hub.store.submissions import Submitted
from shared.jobs import JobSpec
from shared.matching import Capability

log = logging.getLogger(__name__)

BATCH = 16
"""The most jobs in one claim."""
LOOK_AGAIN_S = 5.0
"""How often waiting lanes are looked at even when nothing was told."""
LOOKED_AT = 100
TO_BE_SENT = 3
"""Turns of the loop from the answer to a claim until its worker is sent the job: the answer is taken,
the frame written, and sent with what else there is.
"""


@define(eq=False)
class Seat:
    """A connected worker at the dispatcher. `assign` must not block."""

    worker_id: str
    session: str
    class_: str
    capability: Capability
    assign: Callable[[Claimed], None]
    evicted: Callable[[], None]
    credit: int = 0
    warm: str = field(default="", init=False)  # what its last job loaded
    is_claiming: bool = field(default=False, init=False)
    is_called: bool = field(default=False, init=False)  # while claiming: look once more
    is_parked: bool = field(default=False, init=False)  # its last claim left nothing for it


@define
class Dispatcher:
    """The seats of one hub, and the calls for them."""

    jobs: Jobs
    lanes: Lanes
    id: str = field(factory=lambda: secrets.token_hex(4), init=False)
    _seats: dict[str, dict[str, Seat]] = field(factory=dict, init=False)  # by class, by worker
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False)
    _is_stopping: bool = field(default=False, init=False)

    def sit(self, seat: Seat) -> None:
        """A worker is connected. It has no credit yet. Cheaper classes are called first."""
        is_new = seat.class_ not in self._seats
        self._seats.setdefault(seat.class_, {})[seat.worker_id] = seat
        if is_new:
            self._seats = dict(sorted(self._seats.items(), key=lambda item: _rate(item[1])))

    def leave(self, seat: Seat) -> None:
        """A worker is gone. What it was assigned stays its own until its lease ends."""
        seat.credit = 0
        seats = self._seats.get(seat.class_, {})
        if seats.get(seat.worker_id) is seat:
            del seats[seat.worker_id]
        if not seats:
            self._seats.pop(seat.class_, None)

    def add_credit(self, seat: Seat, more: int) -> None:
        """The worker can take `more` jobs. One that is parked is told when there are any, and a
        claim under way tells whether there are.
        """
        seat.credit += more
        if not seat.is_claiming and not seat.is_parked:
            self._call(seat)

    async def submit(self, spec: JobSpec) -> Submitted:
        """Accept a job. The claim for it travels with the submission, which goes first: what is
        woken runs when this waits. Raises as `Jobs.submit`.
        """
        self.wake(lane_of(spec).id)
        submitted = await self.jobs.submit(spec, self.id)
        for _ in range(TO_BE_SENT):  # a worker that got the job hears of it before the client does
            await asyncio.sleep(0)
        return submitted

    def wake(self, lane: str, waker: str = "") -> None:
        """A lane has work, and if it was this dispatcher that brought it, has been looked after."""
        if self._seats and waker != self.id:
            self._spawn(self._serve_lane(lane))

    def look_soon(self) -> None:
        """Something may not have been told."""
        self._spawn(self.look())

    def make_room(self) -> None:
        """More jobs may run than before, whatever lanes they are in."""
        for class_ in self._seats:
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
            self._to_the_end(seat)
            if has_more:  # for what it can do beside what the others are called for
                self._call(seat)

    async def _idle_seat(self, lane: str) -> Seat | None:
        """One that has not failed with the jobs of the lane; if there is none, one that has."""
        shunned = await self.lanes.shunned_by(lane)
        seat = await self._idle_but(lane, shunned)
        if seat or not shunned:
            return seat
        return await self._idle_but(lane, frozenset())

    async def _idle_but(self, lane: str, others: frozenset[str]) -> Seat | None:
        for class_, seats in list(self._seats.items()):
            ready = _ready(seats, others)
            if not ready or not await self.lanes.can_serve(class_, ready[0].capability, lane):
                continue
            if seat := _idle(ready, await self.lanes.loads(lane)):
                return seat
        return None

    async def _serve_class(self, class_: str) -> None:
        async def next_idle() -> Seat | None:
            return _idle(_ready(self._seats.get(class_, {})))

        await self._serve_idle(next_idle)

    def _to_the_end(self, seat: Seat) -> None:
        seats = self._seats.get(seat.class_, {})
        if seats.get(seat.worker_id) is seat:
            seats[seat.worker_id] = seats.pop(seat.worker_id)

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
        seat.is_claiming, seat.is_parked = True, False
        try:
            return await self._claim(seat)
        except EvictedError:
            seat.evicted()
        except StoreUnavailableError as problem:
            # Leases of a claim whose answer was lost run out, and the jobs return to their places.
            log.warning("cannot claim for %s: %s", seat.worker_id, problem)
        finally:
            seat.is_claiming = False
            if seat.is_called:
                seat.is_called = False
                self._call(seat)
        return False

    async def _claim(self, seat: Seat) -> bool:
        wanted = min(seat.credit, BATCH)
        ask = partial(self.jobs.claim, seat.worker_id, seat.session, seat.class_, wanted)
        claims = await self.lanes.informed(ask, {seat.class_: seat.capability})
        seat.credit -= len(claims.jobs)
        seat.is_parked = not claims.may_be_more
        for each in claims.jobs:
            seat.warm = each.loads
            seat.assign(each)
        return claims.may_be_more and bool(claims.jobs)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _ready(seats: dict[str, Seat], but: frozenset[str] = frozenset()) -> list[Seat]:
    return [seat for seat in seats.values() if seat.credit > 0 and seat.worker_id not in but]


def _rate(seats: dict[str, Seat]) -> float:
    """What a worker of a class costs per hour."""
    return next(iter(seats.values())).capability.cost.rate_per_hour


def _idle(ready: list[Seat], loads: str = "") -> Seat | None:
    """The first that claims nothing now; before it one as free that has loaded what is needed.

    Those that claim, and stand before the first, are called to look once more.
    """
    first = None
    for seat in ready:
        if first is not None:
            if seat.warm == loads and not seat.is_claiming and seat.credit >= first.credit:
                return seat
        elif seat.is_claiming:
            seat.is_called = True
        elif seat.credit > 0:
            first = seat
            if seat.warm == loads:
                break
    return first
