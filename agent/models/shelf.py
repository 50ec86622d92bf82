"""What this machine has of models, for all its workers."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from math import inf, isfinite
from pathlib import Path

from attrs import define, field

from agent.models.digests import Digests
from agent.models.files import Found, look
from agent.models.hashing import Hasher
from shared.messages import ModelFile
from shared.names import sha256_name

TELL_S = 5.0
"""Digests that come in so short a time are told of together: small files are hashed fast."""


@define(eq=False)
class Shelf:
    """The files of models, by connector. `changed` is called whenever more or other is known."""

    roots: Mapping[str, tuple[Path, ...]]
    digests: Digests
    changed: Callable[[], None]
    is_busy: Callable[[], bool]
    every_s: float  # between two looks at the folders
    hashes: bool = True  # whether digests are computed
    _tell_at: float = field(default=inf, init=False)
    _found: dict[str, dict[str, Found]] = field(factory=dict, init=False)
    _told: dict[str, tuple[ModelFile, ...]] = field(factory=dict, init=False)
    _names: dict[str, tuple[str, ...]] = field(factory=dict, init=False)

    async def run(self) -> None:
        """Look at the folders now and then, and hash what is new; ends only by cancellation."""
        hasher = Hasher(self.is_busy)
        try:
            await asyncio.to_thread(self.digests.load)
            while True:
                await self._look()
                await self._hash_for(hasher, self.every_s)
        finally:
            hasher.close()

    def files(self, connectors: Collection[str]) -> dict[str, ModelFile]:
        """What the engines of these connectors have, by `connector/name`."""
        return {
            each.name: each
            for name, told in self._told.items()
            if name in connectors
            for each in told
        }

    def names(self, connector: str) -> tuple[str, ...]:
        """How jobs may call the files of a connector by their content."""
        return self._names.get(connector, ())

    async def _look(self) -> None:
        found = {
            connector: await asyncio.to_thread(look, roots)
            for connector, roots in self.roots.items()
        }
        if found != self._found:
            self._found = found
            self._tell()
        await asyncio.to_thread(self.digests.prune, {each.path for _, _, each in self._all()})

    async def _hash_for(self, hasher: Hasher, seconds: float) -> None:
        """Hash one file after the other, for about so long, and wait for the rest of it."""
        now = asyncio.get_running_loop().time
        until = now() + seconds
        for found in [each for _, _, each in self._all() if self._is_due(each)]:
            # The workers of a machine share its files, and so may two connectors.
            if self._is_due(found) and (sha256 := await hasher.hash(found)) is not None:
                await asyncio.to_thread(self.digests.keep, found, sha256)
                self._tell_at = min(self._tell_at, now() + TELL_S)
            self._tell_if(now() >= self._tell_at)
            if now() >= until:
                break
        self._tell_if(isfinite(self._tell_at))
        await asyncio.sleep(max(0.0, until - now()))

    def _tell_if(self, due: bool) -> None:  # noqa: FBT001 - its only argument
        if due:
            self._tell_at = inf
            self._tell()

    def _tell(self) -> None:
        """Tell what is known: made once for all workers, of which each keeps what it has told."""
        self._told = {name: tuple(self._files(name)) for name in self._found}
        self._names = {name: tuple(_by_content(told)) for name, told in self._told.items()}
        self.changed()

    def _files(self, connector: str) -> Iterator[ModelFile]:
        before = {each.name: each for each in self._told.get(connector, ())}
        for name, found in self._found[connector].items():
            told = ModelFile(f"{connector}/{name}", found.stamp.size_bytes, self.digests.of(found))
            same = before.get(told.name, told)
            yield same if same == told else told

    def _is_due(self, found: Found) -> bool:
        return self.hashes and self.digests.of(found) is None

    def _all(self) -> Iterator[tuple[str, str, Found]]:
        return (
            (connector, name, each)
            for connector, files in self._found.items()
            for name, each in files.items()
        )


def _by_content(files: Iterable[ModelFile]) -> list[str]:
    return sorted({sha256_name(each.sha256) for each in files if each.sha256 is not None})
