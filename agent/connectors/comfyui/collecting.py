"""The files of one prompt, each fetched once, from the moment that its node has told of it."""

import asyncio
from collections.abc import Iterable
from typing import Any

from attrs import define, field

from agent.connectors.base import HandIn, OutputFile
from agent.connectors.comfyui.engine import Engine
from agent.connectors.comfyui.outputs import StoredFile, fetched, free_name, stored_files

_AT_ONCE = 2


@define(eq=False)
class Collector:
    """Fetches what nodes have put out, and hands it in at once."""

    _engine: Engine
    hand_in: HandIn
    _fetching: dict[StoredFile, "asyncio.Task[OutputFile]"] = field(factory=dict, init=False)
    _names: set[str] = field(factory=set[str], init=False)
    _room: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(_AT_ONCE), init=False)

    def begin(self, outputs: dict[str, Any]) -> None:
        """Fetch what a node has saved. Its previews wait: they count only if nothing is saved."""
        self._begin(file for file in stored_files(outputs) if not file.is_preview)

    async def files(self, outputs: dict[str, Any]) -> list[OutputFile]:
        """All files of `outputs`. Raises `ConnectorError` for one that is missing or empty."""
        wanted = stored_files(outputs)
        self._begin(wanted)
        if wanted:
            await asyncio.wait([self._fetching[file] for file in wanted])
        return [self._fetching[file].result() for file in wanted]

    async def close(self) -> None:
        """Stop fetching. What is here has been handed in."""
        for task in self._fetching.values():
            task.cancel()
        await asyncio.gather(*self._fetching.values(), return_exceptions=True)

    def _begin(self, files: Iterable[StoredFile]) -> None:
        for file in files:
            if file not in self._fetching:
                name = free_name(file, self._names)
                self._names.add(name)
                self._fetching[file] = asyncio.create_task(self._fetch(file, name))

    async def _fetch(self, file: StoredFile, name: str) -> OutputFile:
        async with self._room:
            found = await fetched(self._engine, file, name)
        self.hand_in(found)
        return found
