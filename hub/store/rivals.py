"""The jobs before a job that the same workers could do."""

from asyncio import gather

from attrs import frozen

from hub.store.client import Client
from hub.store.keys import key
from hub.store.lanes import Lanes
from shared.matching import Capability

LANES = 500
"""How many lanes are looked at, in the order of their first jobs. Behind them there are no more."""
CLASSES = 32
"""How many classes of able workers are asked whether they could do a lane."""
AT_ONCE = 50
"""Lanes counted in one call, so that Redis is never busy for long."""


@frozen
class Ahead:
    """How many jobs are before a job: in its own lane, and in all lanes of the same workers."""

    in_lane: int
    in_all: int
    is_exact: bool  # else there may be more


@frozen
class Rivals:
    """Counts them by lanes; no job is looked at but some at the places where order is decided."""

    client: Client
    lanes: Lanes

    async def ahead(self, job_id: str, able: dict[str, Capability]) -> Ahead | None:
        """What is before a waiting job; None when it waits no more."""
        lane, score, member = await self.client.command(
            "HMGET", key("job", job_id), "lane", "score", "member"
        )
        place, heads = await gather(
            self.client.command("ZRANK", key("lane", lane or ""), member or ""),
            self._heads(),
        )
        if place is None:
            return None
        first = {
            head: at for head, at in heads.items() if head != lane and at < (int(score), member)
        }
        some = dict(list(able.items())[:CLASSES])
        others = await self.lanes.served_by(some, list(first))
        counts = await gather(
            *[
                self.client.script("ahead", score, member, *others[start : start + AT_ONCE])
                for start in range(0, len(others), AT_ONCE)
            ]
        )
        is_exact = len(heads) < LANES and len(some) == len(able)
        return Ahead(place, place + sum(count for [count] in counts), is_exact)

    async def _heads(self) -> dict[str, tuple[int, str]]:
        """The first lanes, and where in the order each begins."""
        pairs = await self.client.command("ZRANGE", key("heads"), 0, LANES - 1, "WITHSCORES")
        split = ((*head.rpartition(":"), int(score)) for head, score in pairs)
        return {lane: (score, member) for member, _, lane, score in split}
