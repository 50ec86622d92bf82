"""Periodic work, one table: what ran out, what is due, what nobody needs any more."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from attrs import define, field, frozen

from hub.settings import HubSettings
from hub.store.client import StoreUnavailableError
from hub.store.jobs import Jobs
from hub.store.views import Views
from hub.store.workers import Workers
from shared.backoff import backoff_s
from shared.states import JobState

log = logging.getLogger(__name__)

JUMP_S = 5.0
"""A difference between Redis' clock and ours that is no drift: somebody set it, or we slept."""


@frozen
class Chore:
    """Something to do every `every_s` seconds."""

    name: str
    every_s: float
    work: Callable[[], Awaitable[None]]


@define
class Reaper:
    """Runs the chores of one hub. Several hubs may: every script compares before it acts."""

    jobs: Jobs
    views: Views
    workers: Workers
    settings: HubSettings
    monotonic_s: Callable[[], float] = time.monotonic
    _offset_s: float | None = field(default=None, init=False)
    _looked_at_s: float = field(default=0.0, init=False)

    @property
    def chores(self) -> tuple[Chore, ...]:
        """All periodic work there is."""
        return (
            Chore("clock and leases", 1.0, self.reap),
            Chore("what is due", 0.25, self.promote),
            Chore("deadlines", 0.25, self.expire),
            Chore("retention", 60.0, self.purge),
            Chore("lost workers", 60.0, self.forget),
        )

    async def run(self) -> None:
        """All chores, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for chore in self.chores:
                group.create_task(self._repeat(chore), name=chore.name)

    async def _repeat(self, chore: Chore) -> None:
        while True:
            try:
                await chore.work()
            except StoreUnavailableError as problem:
                # Time that Redis was away must not count against anybody.
                self._offset_s = None
                log.warning("%s: %s", chore.name, problem)
            await asyncio.sleep(chore.every_s)

    async def reap(self) -> None:
        """Take back what ran out, unless the clock has jumped or is seen for the first time."""
        shift_s = await self._clock_shift_s()
        if shift_s is not None:
            await self.jobs.regrant(shift_s)
            return
        for lease in await self.views.expired():
            outcome = await self.jobs.reap(lease, backoff_s(lease.attempt))
            if outcome != "kept":
                log.info("job %s attempt %d ran out: %s", lease.job_id, lease.attempt, outcome)

    async def promote(self) -> None:
        """Return delayed jobs to their lanes."""
        for job_id in await self.views.due():
            await self.jobs.promote(job_id)

    async def expire(self) -> None:
        """End jobs that were to be finished by now."""
        for job_id in await self.views.overdue():
            if await self.jobs.expire(job_id):
                log.info("job %s did not finish before its deadline", job_id)

    async def purge(self) -> None:
        """Remove jobs that ended long ago."""
        hours, days = self.settings.completed_job_ttl_hours, self.settings.failed_job_ttl_days
        ages_s = {
            JobState.COMPLETED: hours * 3600,
            JobState.CANCELLED: hours * 3600,
            JobState.FAILED: days * 86_400,
        }
        for state, age_s in ages_s.items():
            while await self.jobs.purge(state.value, age_s):
                pass

    async def forget(self) -> None:
        """Remove workers that have been gone for long."""
        for worker_id in await self.workers.silent():
            await self.workers.forget(worker_id, self.settings.worker_ttl_hours * 3600)

    async def _clock_shift_s(self) -> float | None:
        """How far Redis' clock jumped since the last look; None when it went on as it should.

        0 when there was no last look, or not for long: this hub was away or stopped, and workers
        may have said things that it has not read yet. Then leases get a new term.
        """
        looked_at_s = self.monotonic_s()
        offset_s = await self.views.now_ms() / 1000 - looked_at_s
        late_s, self._looked_at_s = looked_at_s - self._looked_at_s, looked_at_s
        before_s, self._offset_s = self._offset_s, offset_s
        if before_s is None or late_s > JUMP_S:
            return 0.0
        shift_s = offset_s - before_s
        if abs(shift_s) < JUMP_S:
            return None
        log.warning("the clock of Redis jumped by %.1f s; leases get a new term", shift_s)
        return shift_s
