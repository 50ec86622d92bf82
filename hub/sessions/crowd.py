"""Which connections there are, and of which machines."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

from attrs import define, field

from hub.sessions.connection import INVALID, Connection
from hub.store.client import StoreUnavailableError

log = logging.getLogger(__name__)

REVOKED = "Invalid authentication: this machine is not enrolled any more"


@define
class Crowd:
    """The connections of one hub."""

    most: int
    is_enrolled: Callable[[str], Awaitable[bool]]
    inside: dict[Connection, str | None] = field(factory=dict[Connection, str | None], init=False)
    _doubt: asyncio.Event = field(factory=asyncio.Event, init=False)

    def is_full(self) -> bool:
        """Whether nobody else may come in."""
        return len(self.inside) >= self.most

    def machines(self) -> set[str]:
        """Those that are inside."""
        return {each for each in self.inside.values() if each is not None}

    @contextmanager
    def joined_by(self, connection: Connection, machine_id: str | None = None) -> Generator[None]:
        """One more, for as long as this lasts."""
        self.inside[connection] = machine_id
        try:
            yield
        finally:
            del self.inside[connection]

    def expel(self, machine_id: str) -> None:
        """Close the connections of a machine that was revoked."""
        for connection, machine in self.inside.items():
            if machine == machine_id:
                connection.end(INVALID, REVOKED)

    def look_soon(self) -> None:
        """Revocations may have gone unheard."""
        self._doubt.set()

    async def run(self) -> None:
        """Look after the machines inside whenever news was missed, until cancelled."""
        while True:
            await self._doubt.wait()
            self._doubt.clear()
            try:
                for machine in self.machines():
                    if not await self.is_enrolled(machine):
                        self.expel(machine)
            except StoreUnavailableError as problem:
                log.warning("whether machines were revoked is not known: %s", problem)
                self._doubt.set()
