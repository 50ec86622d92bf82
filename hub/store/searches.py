"""Finding jobs by what is indexed of them, in pieces, so that Redis is never busy for long."""

from asyncio import gather

from attrs import asdict, frozen

from hub.store.client import Client
from hub.store.keys import key
from shared.states import ErrorClass, JobState

SCAN = 500
"""How many jobs of an index are looked at in one call."""


@frozen(kw_only=True)
class Filter:
    """What jobs must have, all of it. Times are milliseconds since the epoch."""

    status: JobState
    type: str | None = None
    customer: str | None = None
    worker: str | None = None
    workflow: str | None = None
    error: ErrorClass | None = None  # of those that have failed for good
    ended_from: int | None = None
    ended_to: int | None = None  # not included

    @property
    def indexes(self) -> list[str]:
        """The sorted sets of jobs, by submission number, that a match is in."""
        named = asdict(self, filter=lambda _, value: value is not None)
        kinds = ("status", "type", "customer", "worker", "workflow", "error")
        return [key(f"by_{kind}", named[kind]) for kind in kinds if kind in named]

    @property
    def has_period(self) -> bool:
        """Whether the time of the end matters."""
        return self.ended_from is not None or self.ended_to is not None

    def has_ended_in_time(self, ended_at: float | None) -> bool:
        """Whether a job that ended then is meant; None has not ended in the status."""
        if ended_at is None:
            return False
        is_early = self.ended_from is not None and ended_at < self.ended_from
        is_late = self.ended_to is not None and ended_at >= self.ended_to
        return not is_early and not is_late


@frozen
class Found:
    """Jobs that match, the newest first; and where to go on, None when there are no more."""

    job_ids: list[str]
    below: int | None


@frozen
class Searches:
    """Finds jobs. A job that comes or goes meanwhile moves no other: places are submission numbers."""

    client: Client

    async def find(self, wanted: Filter, limit: int, below: int | None = None) -> Found:
        """Up to `limit` jobs, of those that were submitted before number `below`."""
        names = wanted.indexes
        sizes: list[int] = await gather(*[self.client.command("ZCARD", name) for name in names])
        smallest, *others = [name for _, name in sorted(zip(sizes, names, strict=True))]
        found: list[tuple[str, int]] = []
        while len(found) <= limit:
            pairs = await self._below(smallest, below)
            found += await self._matching(pairs, others, wanted)
            if len(pairs) < SCAN:
                break
            below = pairs[-1][1]
        more = found[limit : limit + 1]
        last = found[limit - 1][1] if more else None
        return Found([job_id for job_id, _ in found[:limit]], last)

    async def _below(self, name: str, below: int | None) -> list[tuple[str, int]]:
        top = "+inf" if below is None else f"({below}"
        pairs = await self.client.command(
            "ZRANGE", name, top, "-inf", "BYSCORE", "REV", "LIMIT", 0, SCAN, "WITHSCORES"
        )
        return [(job_id, int(seq)) for job_id, seq in pairs]

    async def _matching(
        self, pairs: list[tuple[str, int]], others: list[str], wanted: Filter
    ) -> list[tuple[str, int]]:
        for name in others:
            scores = await self._scores(name, pairs)
            pairs = [each for each, score in zip(pairs, scores, strict=True) if score is not None]
        if wanted.has_period:
            ends = await self._ends(wanted.status, pairs)
            pairs = [
                each for each, at in zip(pairs, ends, strict=True) if wanted.has_ended_in_time(at)
            ]
        return pairs

    async def _ends(self, status: JobState, pairs: list[tuple[str, int]]) -> list[float | None]:
        """When each job ended. One that its workflow still needs does not wait for retention yet."""
        ends = await self._scores(key("finished", status), pairs)
        needed = [job_id for (job_id, _), at in zip(pairs, ends, strict=True) if at is None]
        told = await gather(
            *[self.client.command("HGET", key("job", each), "finished_at") for each in needed]
        )
        more = dict(zip(needed, told, strict=True))
        return [
            float(more[job_id]) if more.get(job_id) else at
            for (job_id, _), at in zip(pairs, ends, strict=True)
        ]

    async def _scores(self, name: str, pairs: list[tuple[str, int]]) -> list[float | None]:
        if not pairs:
            return []
        return await self.client.command("ZMSCORE", name, *(job_id for job_id, _ in pairs))
