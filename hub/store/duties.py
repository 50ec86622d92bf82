"""Who does the periodic work, and what came of it."""

from typing import Any

from attrs import frozen

from hub.store.client import Client
from hub.store.keys import key
from shared.wire import dump_json, load_json, structure, unstructure


@frozen(kw_only=True)
class Run:
    """The last run of a chore. `at` in milliseconds since the epoch, by the clock of Redis."""

    at: int
    hub: str
    took_ms: float
    result: str


@frozen
class Duties:
    """One hub of several leads."""

    client: Client

    async def lead(self, hub: str, term_s: float) -> bool:
        """Whether this hub leads, for a term from now on."""
        reply = await self.client.script("lead", hub, int(term_s * 1000))
        return reply[0] == "leading"

    async def resign(self, hub: str) -> bool:
        """Leave the lead to another hub; whether this one had it."""
        reply = await self.client.script("resign", hub)
        return reply[0] == "resigned"

    async def leader(self) -> str | None:
        """The hub that leads, or None between two terms."""
        return await self.client.command("GET", key("leader"))

    async def note(self, chore: str, run: Run) -> None:
        """Remember the last run of a chore."""
        await self.client.command("HSET", key("duties"), chore, dump_json(unstructure(run)))

    async def runs(self) -> dict[str, Run]:
        """The last run of each chore, by its name."""
        noted: dict[str, Any] = await self.client.command("HGETALL", key("duties"))
        return {name: structure(load_json(text), Run) for name, text in noted.items()}
