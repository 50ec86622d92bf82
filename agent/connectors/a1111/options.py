"""The server's options, which a job may change for itself and must not change for others.

`override_settings` are put back after a job only where the server's file of options has them
already; what it has not stays for every job to come. So they are written there first, with the
values they have, and looked at again afterwards.
"""

import logging
from typing import Any

from agent.connectors.a1111.engine import Engine
from agent.connectors.a1111.names import CHECKPOINT
from agent.connectors.a1111.request import Request, invalid
from agent.connectors.answers import NoAnswerError
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass

_log = logging.getLogger(__name__)


class Options:
    """Guards the options of one server."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._written: set[str] = set()  # keys that the server's file is known to have
        self._owed: dict[str, Any] = {}  # values to find again after the call

    async def fix(self, values: dict[str, Any]) -> None:
        """Set options for good, as far as they differ. Raises `ConnectorError`."""
        current = await self._engine.options()
        await self._write({k: v for k, v in values.items() if k in current and current[k] != v})

    async def guard(self, request: Request) -> None:
        """Get ready for the overrides of a request.

        Raises `ConnectorError` for an option that does not exist or takes another type: stored,
        such a value makes the server answer 500 to every look at its options.
        """
        await self._settle()
        names = [name for name in request.overrides if name != CHECKPOINT]
        if not names:
            return
        current = await self._engine.options()
        for name in names:
            _check(name, request.overrides[name], current)
        before = {name: current[name] for name in names}
        await self._write({k: v for k, v in before.items() if k not in self._written})
        self._written.update(before)
        self._owed = before

    async def restore(self) -> None:
        """Put back what the call has left behind; if that fails, the next job begins with it."""
        try:
            await self._settle()
        except ConnectorError as error:
            _log.warning("the options of the last job are not checked yet: %s", error)

    async def heal(self) -> None:
        """Have the server load its checkpoint again, after one that did not load has spoiled it.

        It loads none that it takes for loaded; so another one is chosen for a moment.
        """
        try:
            current = (await self._engine.options()).get(CHECKPOINT)
            rows = await self._engine.rows("sd-models") or []
            for other in (row["title"] for row in rows if row["title"] != current):
                if await self._takes(other, current):
                    return
            _log.warning("the server has no other checkpoint to load; it may need a restart")
        except ConnectorError as error:
            _log.warning("the server's checkpoint could not be loaded again: %s", error)

    async def _takes(self, other: str, current: object) -> bool:
        """Whether the server takes this checkpoint; the current one is chosen again in any case."""
        try:
            await self._write({CHECKPOINT: other})
            return str((await self._engine.options()).get(CHECKPOINT)).startswith(other)
        finally:
            await self._write({CHECKPOINT: current})

    async def _settle(self) -> None:
        if not self._owed:
            return
        current = await self._engine.options()
        leaked = {name: value for name, value in self._owed.items() if current[name] != value}
        if leaked:
            _log.warning("the server kept %s of a job; they are put back", ", ".join(leaked))
            await self._write(leaked)
        self._owed = {}

    async def _write(self, values: dict[str, Any]) -> None:
        if not values:
            return
        try:
            await self._engine.set_options(values)
        except NoAnswerError as error:
            raise ConnectorError(
                f"the server did not take its options: {error}", error_class=ErrorClass.NETWORK
            ) from error


def _check(name: str, value: object, current: dict[str, Any]) -> None:
    if name not in current:
        raise invalid(f"override_settings.{name} is no option of this server; leave it out")
    known = current[name]
    if known is not None and _kind(value) is not _kind(known):
        raise invalid(f"override_settings.{name} must be of the type of {known!r}, got {value!r}")


def _kind(value: object) -> type:
    """Return the type of a JSON value; whole numbers and others are one."""
    return float if type(value) is int else type(value)
