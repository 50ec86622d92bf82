"""An engine's own process: a child of ours, or one that an earlier agent has started."""

import asyncio
import os
from asyncio.subprocess import Process
from typing import Protocol

from attrs import define, field, frozen

from agent.engines.left import Being


class Life(Protocol):
    """A process from when we have it until it ends."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    @property
    def end(self) -> str | None:
        """How it ended, in words; None while it runs."""
        ...

    async def ended(self) -> None:
        """Wait for its end."""
        ...


@frozen
class Child:
    """A process that we have started."""

    _process: Process

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def end(self) -> str | None:
        """How it ended, in words; None while it runs."""
        code = self._process.returncode
        if code is None:
            return None
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

    async def ended(self) -> None:
        """Wait for its end."""
        await self._process.wait()


@define(eq=False)
class Orphan:
    """A process that somebody else has started: its exit code is not for us."""

    pid: int
    _has_ended: asyncio.Event = field(factory=asyncio.Event, init=False)

    @classmethod
    def of(cls, being: Being) -> "Orphan":
        """A process, from now on. Raises `OSError` when it has ended."""
        watched, loop = os.pidfd_open(being.pid), asyncio.get_running_loop()
        if not being.lives():  # another has its number
            os.close(watched)
            raise ProcessLookupError("it has ended")
        orphan = cls(being.pid)

        def note() -> None:
            loop.remove_reader(watched)
            os.close(watched)
            orphan._has_ended.set()

        loop.add_reader(watched, note)
        return orphan

    @property
    def end(self) -> str | None:
        """That it has ended; None while it runs."""
        return "ended" if self._has_ended.is_set() else None

    async def ended(self) -> None:
        """Wait for its end."""
        await self._has_ended.wait()
