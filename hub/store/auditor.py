"""Recounts every index from the jobs themselves, a few at a time, on a queue that goes on."""

from collections import Counter
from collections.abc import AsyncIterator

from attrs import frozen

from hub.store.client import Client
from hub.store.keys import key

CHUNK = 200
"""How many members one look takes."""
JOB_INDEXES = (
    "jobs", "by_status", "by_type", "by_customer", "by_worker", "by_workflow", "by_error",
    "lane", "delayed", "leases", "held", "finished",
)  # fmt: skip
"""Indexes whose members are jobs."""
LANE = "lane of "
"""What the script puts before the lane of a job."""


@frozen
class Audit:
    """What a recount found: how many jobs there are, and a line for each difference."""

    jobs: int
    differences: tuple[str, ...]


@frozen
class Auditor:
    """Reads all of the queue, while it is at work."""

    client: Client

    async def audit(self) -> Audit:
        """Every difference between the jobs and their indexes. Takes a second for 20,000 jobs."""
        lines = [each async for each in self._of_jobs()]
        lanes = Counter(each.removeprefix(LANE) for each in lines if each.startswith(LANE))
        differences = [each for each in lines if not each.startswith(LANE)]
        differences += [each async for each in self._of_lanes()]
        for noun in JOB_INDEXES:
            differences += [each async for each in self._of_index(noun)]
        return Audit(lanes.total(), (*differences, *await self._miscounted(lanes)))

    async def _of_jobs(self) -> AsyncIterator[str]:
        async for ids in self._members("jobs"):
            for each in await self._look("jobs", *ids):
                yield each

    async def _of_index(self, noun: str) -> AsyncIterator[str]:
        async for owner in self._owners(noun):
            async for members in self._members(noun, owner):
                for each in await self._look("index", noun, owner, *members):
                    yield each

    async def _of_lanes(self) -> AsyncIterator[str]:
        for subject, noun in (("heads", "heads"), ("lanes", "lane_jobs")):
            async for members in self._members(noun):
                for each in await self._look(subject, *members):
                    yield each

    async def _miscounted(self, lanes: Counter[str]) -> list[str]:
        """Lanes whose count is not that of the jobs seen, twice the same.

        Once, or another number each time, may be jobs that come and go between the two looks.
        """
        before = await self._unequal(lanes)
        if not before:
            return []
        after = await self._unequal(await self._jobs_by_lane())
        return [
            f"lane {lane} counts {told} jobs, and has {seen}"
            for lane, (told, seen) in after.items()
            if before.get(lane) == (told, seen)
        ]

    async def _unequal(self, lanes: Counter[str]) -> dict[str, tuple[int, int]]:
        """Of each lane where they differ: the jobs that it counts, and those seen."""
        told: dict[str, str] = await self.client.command("HGETALL", key("lane_jobs"))
        pairs = {each: (int(told.get(each, 0)), lanes[each]) for each in {*told, *lanes}}
        return {lane: pair for lane, pair in pairs.items() if pair[0] != pair[1]}

    async def _jobs_by_lane(self) -> Counter[str]:
        return Counter(
            [each.removeprefix(LANE) async for each in self._of_jobs() if each.startswith(LANE)]
        )

    async def _look(self, *arguments: str) -> list[str]:
        _, *lines = await self.client.script("audit", *arguments)
        return lines

    async def _owners(self, noun: str) -> AsyncIterator[str]:
        """Whose keys of a family there are; for a single key, nobody's."""
        name = key(noun)
        if not name.endswith(":"):
            yield ""
            return
        cursor = -1
        while cursor:
            cursor, names = await self.client.command(
                "SCAN", max(cursor, 0), "MATCH", f"{name}*", "COUNT", CHUNK
            )
            for each in names:
                yield each.removeprefix(name)

    async def _members(self, noun: str, owner: str = "") -> AsyncIterator[list[str]]:
        """All that is in a key throughout, by pieces."""
        scan = {"lane_jobs": "HSCAN", "held": "SSCAN"}.get(noun, "ZSCAN")
        cursor = -1
        while cursor:
            cursor, found = await self.client.command(
                scan, key(noun, owner), max(cursor, 0), "COUNT", CHUNK
            )
            members = [each[0] if scan == "ZSCAN" else each for each in found]
            if members:
                yield members
