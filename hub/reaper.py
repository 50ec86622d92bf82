"""Time: leases and deadlines that ran out, and delayed jobs that are due."""

import logging
import time
from collections.abc import Callable

from attrs import define, field

from hub.store.client import StoreUnavailableError
from hub.store.jobs import Jobs
from hub.store.views import Views
from shared.backoff import backoff_s

log = logging.getLogger(__name__)

JUMP_S = 5.0
"""A difference between Redis' clock and ours that is no drift: somebody set it, or we slept."""


@define
class Reaper:
    """Acts on what Redis' clock says, as long as that can be believed."""

    jobs: Jobs
    views: Views
    monotonic_s: Callable[[], float] = time.monotonic
    _offset_s: float | None = field(default=None, init=False)
    _looked_at_s: float = field(default=0.0, init=False)

    async def reap(self) -> str:
        """Take back what ran out, unless the clock has jumped or is seen for the first time."""
        try:
            shift_s = await self._clock_shift_s()
            if shift_s is not None:
                leases = await self.jobs.regrant(shift_s)
                return f"{leases} leases got a new term" if leases else ""
            return await self._take_back()
        except StoreUnavailableError:
            self._offset_s = None  # time that Redis was away must not count against anybody
            raise

    async def _take_back(self) -> str:
        taken = 0
        for lease in await self.views.expired():
            outcome = await self.jobs.reap(lease, backoff_s(lease.attempt))
            if outcome != "kept":
                log.info("job %s attempt %d ran out: %s", lease.job_id, lease.attempt, outcome)
                taken += 1
        return f"{taken} attempts ran out" if taken else ""

    async def promote(self) -> str:
        """Return delayed jobs to their lanes."""
        promoted = [await self.jobs.promote(job_id) for job_id in await self.views.due()]
        return f"{sum(promoted)} jobs were due" if any(promoted) else ""

    async def expire(self) -> str:
        """End jobs that were to be finished by now."""
        expired = 0
        for job_id in await self.views.overdue():
            if await self.jobs.expire(job_id):
                log.info("job %s did not finish before its deadline", job_id)
                expired += 1
        return f"{expired} jobs were past their deadlines" if expired else ""

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
