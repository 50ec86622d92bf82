"""The waiting jobs that a worker could be told of."""

from typing import Any

from attrs import frozen

from hub.store.client import Client
from hub.store.keys import key
from hub.store.lanes import Lanes
from shared.matching import Capability
from shared.wire import load_json


@frozen
class Offer:
    """A job that waits."""

    job_id: str
    type: str
    priority: int
    requirement: dict[str, Any]


@frozen
class Offers:
    """Reads of the first jobs in lanes."""

    client: Client
    lanes: Lanes

    async def first(self, lane: str, limit: int) -> list[Offer]:
        """The first jobs of a lane, in order."""
        members = await self.client.command("ZRANGE", key("lane", lane), 0, limit - 1)
        found = [await self._offer(member.rpartition(":")[2]) for member in members]
        return [each for each in found if each is not None]

    async def fits(self, class_: str, capability: Capability, job_id: str) -> bool:
        """Whether workers of the class can run a job that waits."""
        lane = await self.client.command("HGET", key("job", job_id), "lane")
        return lane is not None and await self.lanes.can_serve(class_, capability, lane)

    async def _offer(self, job_id: str) -> Offer | None:
        type_, priority, requirement = await self.client.command(
            "HMGET", key("job", job_id), "type", "priority", "requirement"
        )
        if type_ is None:
            return None
        return Offer(job_id, type_, int(priority), load_json(requirement))
