"""What a worker would be given next: looks, and takes nothing."""

from asyncio import gather
from collections.abc import Sequence
from functools import partial
from typing import Any

from attrs import frozen

from hub.store.client import Client
from hub.store.keys import key
from hub.store.lanes import Lanes, StaleClassError
from hub.store.preferences import STRICT, Preferences
from shared.matching import Capability
from shared.wire import load_json, structure


@frozen(kw_only=True)
class Next:
    """The jobs that a worker would be given, in order, as soon as it has room and asks."""

    is_connected: bool
    free_slots: int
    job_ids: list[str]


@frozen
class Room:
    """`full`: the group of jobs in which no more may run now, and its limit.

    `kept`: the workers that have failed with the job, and leave it to others.
    """

    full: tuple[str, int] | None = None
    kept: frozenset[str] = frozenset()


@frozen
class Outlook:
    """Reads of what would be claimed. `lanes` tells Redis what a class can serve, as for a claim."""

    client: Client
    lanes: Lanes
    prefer: Preferences = STRICT

    async def peek(
        self, class_: str, capability: Capability, wanted: int, workers: Sequence[str]
    ) -> list[list[str]]:
        """The next `wanted` jobs of each of the workers, which are of one class."""
        facts = (class_, wanted, self.prefer.passes, self.prefer.window, *workers)
        ask = partial(self._asked, "peek", *facts)
        _, *told = await self.lanes.informed(ask, {class_: capability})
        return told

    async def room(self, job_id: str) -> Room:
        """What keeps a waiting job from workers that could do it."""
        tag, *told = await self.lanes.informed(partial(self._asked, "room", job_id))
        if tag == "full":
            return Room(full=(_group(told[0]), int(told[1])))
        return Room(kept=frozenset(told))

    async def next(self, worker_id: str, wanted: int) -> Next | None:
        """What the worker would be given; None when there is no such worker."""
        facts, held = await gather(
            self.client.command(
                "HMGET", key("worker", worker_id), "session", "slots", "class", "capability"
            ),
            self.client.command("SCARD", key("held", worker_id)),
        )
        session, slots, class_, text = facts
        if class_ is None:
            return None
        capability = structure(load_json(text), Capability)
        return Next(
            is_connected=bool(session),
            free_slots=max(0, int(slots) - held),
            job_ids=(await self.peek(class_, capability, wanted, [worker_id]))[0],
        )

    async def _asked(self, verb: str, *arguments: str | float) -> list[Any]:
        reply = await self.client.script(verb, *arguments)
        if reply[0] == "stale":
            raise StaleClassError(*reply[1:])
        return reply


def _group(field: str) -> str:
    """`running:customer:studio` in words."""
    _, kind, name = field.split(":", 2)
    return f"the {kind} {name}"
