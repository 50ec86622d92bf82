"""The files of one attempt on their way to the hub, each from the moment that it is there."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field

from agent.connectors.base import OutputFile, Result

log = logging.getLogger(__name__)

AT_ONCE = 2
PATIENCE_S = 15.0  # for what is on its way when the attempt has failed, or was cancelled

Upload = Callable[[OutputFile], Awaitable[dict[str, Any]]]
"""Hands a file to the hub and returns what the result says of it; raises `ConnectorError`."""


@define(eq=False)
class Handover:
    """What was handed in so far, and what becomes of it."""

    _upload: Upload
    _begun: list[tuple[OutputFile, asyncio.Task[dict[str, Any]]]] = field(factory=list, init=False)
    _room: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    def take(self, file: OutputFile) -> None:
        """Begin to upload a file; taken again, it is the same one. It is removed in the end."""
        if not any(known is file for known, _ in self._begun):
            self._begun.append((file, asyncio.create_task(self._sent(file))))

    async def told(self, files: tuple[OutputFile, ...]) -> list[dict[str, Any]]:
        """What the result says of the files, once all are at the hub. Raises `ConnectorError`."""
        for file in files:
            self.take(file)
        tasks = [task for file in files for known, task in self._begun if known is file]
        if tasks:
            await asyncio.wait(tasks)
        return [task.result() for task in tasks]

    async def left(self) -> list[dict[str, Any]]:
        """What there is of an attempt that has not ended well, in the order it came."""
        if not self._begun:
            return []
        await asyncio.wait([task for _, task in self._begun], timeout=PATIENCE_S)
        return [task.result() for file, task in self._begun if _is_there(file, task)]

    async def _sent(self, file: OutputFile) -> dict[str, Any]:
        async with self._room:
            return await self._upload(file)

    async def close(self) -> None:
        """Stop what is still on its way, and remove what was temporary."""
        tasks = [task for _, task in self._begun]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        Result(files=tuple(file for file, _ in self._begun)).discard()


@asynccontextmanager
async def handover(upload: Upload) -> AsyncGenerator[Handover]:
    """The files of one attempt, of which none is left here in the end."""
    files = Handover(upload)
    try:
        yield files
    finally:
        await files.close()


def _is_there(file: OutputFile, task: asyncio.Task[dict[str, Any]]) -> bool:
    """Whether the hub has it. That it has not is no reason for another failure."""
    problem = task.exception() if task.done() else TimeoutError(f"not there in {PATIENCE_S:g} s")
    if problem is None:
        return True
    log.warning("%s is left out of what is left: %s", file.filename, problem)
    return False
