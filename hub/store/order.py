"""What waits, in the order in which it would be claimed if every worker could do everything."""

from asyncio import gather

from attrs import frozen

from hub.store.client import Client
from hub.store.keys import key


@frozen
class Order:
    """Reads of the queue."""

    client: Client

    async def first(self, limit: int) -> list[str]:
        """The ids of the first jobs: those that wait in the order of the queue, then those that are
        delayed, in the order in which they are due.
        """
        waiting = await self._waiting(limit)
        if len(waiting) == limit:
            return waiting
        due = await self.client.command("ZRANGE", key("delayed"), 0, limit - len(waiting) - 1)
        return waiting + due

    async def _waiting(self, limit: int) -> list[str]:
        heads: list[str] = await self.client.command("ZRANGE", key("heads"), 0, limit - 1)
        lanes = [head.rpartition(":")[2] for head in heads]
        # Before any job of a lane come the heads that are before its own.
        answers: list[list[tuple[str, float]]] = await gather(
            *[
                self.client.command("ZRANGE", key("lane", lane), 0, limit - at - 1, "WITHSCORES")
                for at, lane in enumerate(lanes)
            ]
        )
        # As lanes are ordered: by score, then by member.
        places = sorted((score, member) for answer in answers for member, score in answer)
        return [member.rpartition(":")[2] for _, member in places[:limit]]
