"""What nobody needs any more: old jobs, gone workers, files that no job names."""

import asyncio
import re
import time
from collections.abc import Callable

from attrs import frozen

from hub.artifacts import Artifacts
from hub.settings import HubSettings
from hub.store.jobs import Jobs
from hub.store.views import Views
from hub.store.workers import Workers
from hub.store.workflows import Workflows
from shared.states import JobState

SHA256 = re.compile(r"[0-9a-f]{64}")


@frozen
class Retention:
    """Keeps what the settings say, and no more."""

    jobs: Jobs
    views: Views
    workers: Workers
    workflows: Workflows
    artifacts: Artifacts
    settings: HubSettings
    now_s: Callable[[], float] = time.time

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

    async def sweep(self) -> str:
        """Remove files that no job names, once they have been there for long."""
        before_s = self.now_s() - self.settings.artifact_grace_hours * 3600
        self.artifacts.incoming.drop(before_s)
        old = await self.artifacts.older_than(before_s)
        if not old:
            return ""
        async for text in self.views.texts():
            old.difference_update(SHA256.findall(text))
            if not old:
                return ""
        old -= await asyncio.to_thread(self.artifacts.values.named, old)
        # One that was asked for meanwhile is about to be named.
        old &= await self.artifacts.older_than(before_s)
        for sha256 in old:
            await self.artifacts.remove(sha256)
        return f"{len(old)} files removed" if old else ""
