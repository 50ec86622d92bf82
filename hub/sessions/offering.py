"""The original's way to work: a job is told to all idle workers that could run it, and the first to
claim it by its id has it.

Nothing depends on an offer: what is told to nobody is told again by a slow tick.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import ParamSpec

from attrs import define, field

from hub.sessions.desk import ReportError
from hub.sessions.worker import WorkerSession
from hub.store.client import StoreUnavailableError
from hub.store.jobs import Jobs
from hub.store.lanes import Lanes
from hub.store.offers import Offers
from shared.jobs import Lease
from shared.messages import ClaimJob, Error, JobAvailable
from shared.states import Reason

log = logging.getLogger(__name__)
P = ParamSpec("P")

OFFERED = 5
"""The jobs of one lane that are told of at once."""
LANES = 20
"""The lanes that one worker is told of at once."""
AGAIN_S = 5.0
"""How often idle workers are told again what waits."""


@define(eq=False)
class Offering:
    """The workers of this hub that want to be told of jobs."""

    jobs: Jobs
    lanes: Lanes
    offers: Offers
    _listening: dict[str, WorkerSession] = field(factory=dict, init=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False)

    def listen(self, session: WorkerSession) -> None:
        """Tell this worker of jobs from now on, and of those that wait already."""
        self._listening[session.worker_id] = session
        self.is_free(session)

    def leave(self, session: WorkerSession) -> None:
        """No more offers for this worker."""
        if self.is_listening(session):
            del self._listening[session.worker_id]

    def is_listening(self, session: WorkerSession) -> bool:
        """Whether this worker is told of jobs."""
        return self._listening.get(session.worker_id) is session

    def is_free(self, session: WorkerSession) -> None:
        """The worker may have become idle."""
        if self.is_listening(session):
            self._spawn(self._offer, [session])

    def wake(self, lane: str, _waker: str = "") -> None:
        """A lane has work."""
        if self._listening:
            self._spawn(self._offer_lane, lane, list(self._listening.values()))

    def make_room(self) -> None:
        """More jobs may run than before, whatever lanes they are in."""
        if self._listening:
            self._spawn(self._offer, list(self._listening.values()))

    async def run(self) -> None:
        """Tell again now and then, until cancelled."""
        while True:
            await asyncio.sleep(AGAIN_S)
            await self._guarded(self._offer, list(self._listening.values()))

    async def take(self, session: WorkerSession, message: ClaimJob, job_id: str) -> None:
        """Claim a job by its id; who is too late is told who has it. Raises `ReportError`."""
        if not await self.offers.fits(session.seat.class_, session.seat.capability, job_id):
            raise ReportError(f"job_id: there is no job {job_id} that this worker can run")
        ask = partial(self.jobs.take, session.worker_id, session.id, job_id)
        taken = await self.lanes.informed(ask)
        if taken.job is not None:
            session.assign(taken.job)
            if message.claim_timeout is not None:
                self._spawn(self._expire, session, taken.job.lease, message.claim_timeout)
        elif taken.outcome == "full":
            raise ReportError(f"job_id: all {session.slots} slots are taken; end a job first")
        elif taken.outcome == "capped":
            raise ReportError(
                f"job_id: {job_id} may not run yet: others of its type or customer do"
            )
        elif taken.outcome == "kept":
            raise ReportError(f"job_id: {job_id} has failed here; another worker goes first")
        else:
            session.say(_too_late(job_id, taken.state, taken.worker_id))

    async def _expire(self, session: WorkerSession, lease: Lease, within_s: float) -> None:
        """Take back what is not started in time."""
        await asyncio.sleep(within_s)
        if lease not in session.held.all or session.held.has_started(lease):
            return
        await self.jobs.release(lease, Reason.TIMEOUT)
        session.cancel(lease.job_id, f"not started within {within_s:g} s")

    async def _offer(self, sessions: Iterable[WorkerSession]) -> None:
        idle = [each for each in sessions if each.free > 0]
        if idle:
            for lane in await self.lanes.waiting(LANES):
                await self._offer_lane(lane, idle)

    async def _offer_lane(self, lane: str, sessions: list[WorkerSession]) -> None:
        able = [
            each
            for each in sessions
            if each.free > 0
            and await self.lanes.can_serve(each.seat.class_, each.seat.capability, lane)
        ]
        if not able:
            return
        shunned = await self.lanes.shunned_by(lane)
        able = [each for each in able if each.worker_id not in shunned] or able
        for offer in await self.offers.first(lane, OFFERED):
            for session in able:
                session.say(
                    JobAvailable(
                        job_id=offer.job_id,
                        job_type=offer.type,
                        worker_id=session.worker_id,
                        priority=offer.priority,
                        requirements=offer.requirement,
                    )
                )

    def _spawn(self, act: Callable[P, Awaitable[None]], *what: P.args, **more: P.kwargs) -> None:
        task = asyncio.create_task(self._guarded(act, *what, **more))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(
        self, act: Callable[P, Awaitable[None]], *what: P.args, **more: P.kwargs
    ) -> None:
        try:
            await act(*what, **more)
        except StoreUnavailableError as problem:
            log.warning("no offers for workers: %s", problem)


def _too_late(job_id: str, state: str, worker_id: str) -> Error:
    by = f" by worker {worker_id}" if worker_id else ""
    return Error(
        error=f"job_id: {job_id} does not wait any more: it is {state}{by}",
        details={"job_id": job_id, "status": state, "worker_id": worker_id or None},
    )
