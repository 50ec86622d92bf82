"""What nobody needs any more: old jobs, gone workers, files that no job names."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping

from attrs import field, frozen

from hub.artifacts import Artifacts
from hub.artifacts.digests import Stored
from hub.settings import HubSettings
from hub.store.jobs import Jobs
from hub.store.machines import Machines
from hub.store.views import Views
from hub.store.workers import Workers
from hub.store.workflows import Workflows
from shared.digests import SHA256
from shared.states import JobState

SOONEST_S = 3600.0
"""How old a file is before it may go: its upload is over, and the job that it is for has named it."""


@frozen
class Retention:
    """Keeps what the settings say, and no more."""

    jobs: Jobs
    views: Views
    workers: Workers
    workflows: Workflows
    machines: Machines
    artifacts: Artifacts
    settings: HubSettings
    connected: Callable[[], Collection[str]] = frozenset  # the machines at this hub
    now_s: Callable[[], float] = time.time
    _doubtful: set[str] = field(factory=set[str], init=False)

    async def purge(self) -> str:
        """Remove jobs that ended long ago, and the oldest where there are too many."""
        settings = self.settings
        done = (settings.completed_job_ttl_hours * 3600, settings.completed_job_keep)
        rules = {
            JobState.COMPLETED: done,
            JobState.CANCELLED: done,
            JobState.FAILED: (settings.failed_job_ttl_days * 86_400, settings.failed_job_keep),
        }
        purged = 0
        for state, (age_s, keep) in rules.items():
            while count := await self.jobs.purge(state.value, age_s, keep):
                purged += count
        return f"{purged} jobs removed" if purged else ""

    async def dissolve(self) -> str:
        """Remove workflows that have had neither jobs nor steps to do for long."""
        dissolved = 0
        while count := await self.workflows.dissolve(self.settings.completed_job_ttl_hours * 3600):
            dissolved += count
        return f"{dissolved} workflows removed" if dissolved else ""

    async def forget(self) -> str:
        """Remove workers that have been gone for long."""
        silent_s = self.settings.worker_ttl_hours * 3600
        ids = await self.workers.silent()
        gone = [await self.workers.forget(worker_id, silent_s) for worker_id in ids]
        return f"{sum(gone)} workers forgotten" if any(gone) else ""

    async def sight(self) -> str:
        """Note that the machines at this hub are there."""
        await self.machines.sight(sorted(self.connected()))
        return ""

    async def lapse(self) -> str:
        """Remove machines that have not been seen for long.

        Each must be found missing twice in a row: hubs and the store may have been away themselves.
        """
        unseen_s = self.settings.hub_machine_ttl_days * 86_400
        missing = set(await self.machines.unseen(unseen_s))
        gone = [await self.machines.lapse(each, unseen_s) for each in missing & self._doubtful]
        self._doubtful.clear()
        self._doubtful.update(missing)
        return f"{sum(gone)} machines removed" if any(gone) else ""

    async def sweep(self) -> str:
        """Remove files that no job names: after long, or after an hour where there are too many."""
        now_s = self.now_s()
        before_s = now_s - self.settings.artifact_grace_hours * 3600
        self.artifacts.incoming.drop(before_s)
        stored = await self.artifacts.stored()
        if self._excess(stored) > 0:
            before_s = max(before_s, now_s - SOONEST_S)
        free = {name for name, each in stored.items() if each.at_s < before_s}
        if not free:
            return self._told(0, stored)
        async for text in self.views.texts():
            free.difference_update(SHA256.findall(text))
            if not free:
                return self._told(0, stored)
        free -= await asyncio.to_thread(self.artifacts.values.named, free)
        # One that was asked for meanwhile is about to be named.
        free &= await self.artifacts.older_than(before_s)
        removed = self._doomed(free, stored, now_s)
        for sha256 in removed:
            await self.artifacts.remove(sha256)
            del stored[sha256]
        return self._told(len(removed), stored)

    def _excess(self, stored: Mapping[str, Stored]) -> float:
        """How many bytes there are too many; not above 0 when it fits."""
        keep_gb = self.settings.artifact_keep_gb
        total = sum(each.size_bytes for each in stored.values())
        return 0 if keep_gb is None else total - keep_gb * 1e9

    def _doomed(self, free: set[str], stored: Mapping[str, Stored], now_s: float) -> list[str]:
        """What goes of the files that no job names: those of long ago, and the oldest of the rest."""
        before_s = now_s - self.settings.artifact_grace_hours * 3600
        excess, doomed = self._excess(stored), list[str]()
        for name in sorted(free, key=lambda each: stored[each].at_s):
            if stored[name].at_s < before_s or excess > 0:
                doomed.append(name)
                excess -= stored[name].size_bytes
        return doomed

    def _told(self, removed: int, stored: Mapping[str, Stored]) -> str:
        told = [f"{removed} files removed"] if removed else []
        if (excess := self._excess(stored)) > 0:
            told.append(
                f"{excess / 1e9:.3g} GB above ARTIFACT_KEEP_GB: jobs name them, or they are new"
            )
        return "; ".join(told)
