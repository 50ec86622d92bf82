"""Why a worker that fits and has room does not take a job all the same."""

from collections import defaultdict

from attrs import evolve, frozen

from hub.explain.verdicts import Verdicts
from hub.store.client import Client
from hub.store.keys import key
from hub.store.outlook import Outlook

AT_ONCE = 100
"""Workers asked about in one call."""
CHOICES = 8
"""A worker chooses among so many jobs: behind them, a job is not passed over (_prefer.lua)."""

KEPT = "fits, but has failed with it; another worker that could do it goes first"


@frozen
class Choices:
    """Limits, and what workers prefer."""

    client: Client
    outlook: Outlook

    async def held(
        self, job_id: str, verdicts: Verdicts, place: int | None
    ) -> dict[str, tuple[str, str]]:
        """By worker: the verdict and its words, for those that fit, and do not take it.

        `place` is the job's place in its lane, if it has one already.
        """
        room = await self.outlook.room(job_id)
        if room.full:
            group, limit = room.full
            words = f"fits, and has room, but {limit} jobs run already for {group}, as many as may"
            return {each.worker_id: ("limited", words) for each in verdicts.free}
        kept = dict.fromkeys(room.kept & verdicts.able, ("kept", KEPT))
        return kept | await self._readier(job_id, evolve(verdicts, held=kept), place)

    async def _readier(
        self, job_id: str, verdicts: Verdicts, place: int | None
    ) -> dict[str, tuple[str, str]]:
        """Those that would rather take another job."""
        prefer = self.outlook.prefer
        if place is None or place >= CHOICES or not prefer.passes or not prefer.window:
            return {}
        picks = await self._picks(verdicts)
        behind = await self._behind(job_id, set(picks.values()) - {job_id})
        never = f"no job is passed over more than {self.outlook.prefer.passes} times"
        return {
            worker_id: ("choosy", f"fits, and has room, but is readier for {pick}; {never}")
            for worker_id, pick in picks.items()
            if pick in behind
        }

    async def _picks(self, verdicts: Verdicts) -> dict[str, str]:
        """What each able worker with room would take."""
        by_class: defaultdict[str, list[str]] = defaultdict(list)
        for each in verdicts.free:
            by_class[each.class_].append(each.worker_id)
        picks: dict[str, str] = {}
        for class_, workers in by_class.items():
            capability = verdicts.fleet.classes[class_]
            for start in range(0, len(workers), AT_ONCE):
                some = workers[start : start + AT_ONCE]
                told = await self.outlook.peek(class_, capability, 1, some)
                picks |= {name: jobs[0] for name, jobs in zip(some, told, strict=True) if jobs}
        return picks

    async def _behind(self, job_id: str, others: set[str]) -> set[str]:
        """Which of the others come after the job in the order."""
        places = {each: await self._place(each) for each in (job_id, *others)}
        return {each for each in others if places[each] > places[job_id]}

    async def _place(self, job_id: str) -> tuple[int, str]:
        score, member = await self.client.command("HMGET", key("job", job_id), "score", "member")
        return int(score), member
