"""When a busy worker may be free."""

from asyncio import gather
from collections import defaultdict
from statistics import median

from attrs import frozen

from hub.store.client import Client
from hub.store.keys import key
from hub.store.presence import Present
from hub.store.views import Views

WORKERS = 50
"""How many busy workers are estimated."""
SAMPLES = 30
"""From how many of the last completed jobs it is told how long a type of job takes."""
TELLING_PERCENT = 5.0
"""Progress from which the rest can be told."""


@frozen
class Running:
    """A job that a worker has."""

    type: str
    since: int | None  # milliseconds since the epoch; None when it is gone
    progress: float

    def rest_s(self, now_ms: int, usual_s: float | None) -> float | None:
        """How long it will take; None when that cannot be told."""
        if self.since is None:
            return None
        elapsed_s = max(0, now_ms - self.since) / 1000
        if self.progress >= TELLING_PERCENT:
            return elapsed_s * (100 - self.progress) / self.progress
        return None if usual_s is None else max(0.0, usual_s - elapsed_s)


@frozen
class Estimates:
    """Guesses by progress, else by how long jobs of the type took of late."""

    client: Client
    views: Views

    async def free_in_s(self, workers: list[Present]) -> dict[str, float]:
        """In how many seconds each may have room, for those of which it can be told."""
        if not workers:
            return {}
        looked_at = workers[:WORKERS]
        running, usual_s, now_ms = await gather(
            gather(*[self._running(each.worker_id) for each in looked_at]),
            self._usual_s(),
            self.views.now_ms(),
        )
        told: dict[str, float] = {}
        for worker, jobs in zip(looked_at, running, strict=True):
            rests = [job.rest_s(now_ms, usual_s.get(job.type)) for job in jobs]
            if known := [each for each in rests if each is not None]:
                told[worker.worker_id] = min(known)
        return told

    async def _running(self, worker_id: str) -> list[Running]:
        held = await self.client.command("SMEMBERS", key("held", worker_id))
        facts = await gather(
            *[
                self.client.command("HMGET", key("job", job_id), "type", "assigned_at", "progress")
                for job_id in held
            ]
        )
        return [
            Running(type_ or "", None if since is None else int(since), float(progress or 0))
            for type_, since, progress in facts
        ]

    async def _usual_s(self) -> dict[str, float]:
        """The median run of the last completed jobs, by type."""
        ids = await self.client.command(
            "ZRANGE", key("finished", "completed"), 0, SAMPLES - 1, "REV"
        )
        facts = await gather(
            *[
                self.client.command(
                    "HMGET", key("job", job_id), "type", "assigned_at", "finished_at"
                )
                for job_id in ids
            ]
        )
        took_s: defaultdict[str, list[float]] = defaultdict(list)
        for type_, since, until in facts:
            if since is not None and until is not None:
                took_s[type_].append((int(until) - int(since)) / 1000)
        return {type_: median(each) for type_, each in took_s.items()}
