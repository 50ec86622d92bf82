"""Files of jobs, by the SHA-256 of their bytes, on the hub's disk."""

import os
from collections.abc import AsyncIterator
from functools import cached_property
from pathlib import Path

from attrs import field, frozen

from hub.artifacts.digests import NAME, check_name
from hub.artifacts.incoming import Incoming
from hub.artifacts.thumbnails import Thumbnails
from hub.artifacts.values import Values


@frozen
class Artifacts:
    """A directory of files. A file appears whole and checked, or not at all."""

    root: Path = field()

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """Small pictures of the files."""
        return Thumbnails(self.root / "thumbnails")

    @cached_property
    def incoming(self) -> Incoming:
        """Files on their way in."""
        return Incoming(self.root / "incoming")

    @cached_property
    def values(self) -> Values:
        """Values of messages that are too large to be kept elsewhere."""
        return Values(self.root)

    def touch(self, sha256: str) -> bool:
        """Whether the artifact is here; if so it counts as stored just now."""
        path = self._path(sha256)
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def find(self, sha256: str) -> Path | None:
        """Where the artifact lies, or None. Raises `ArtifactError` for what is no digest."""
        path = self._path(sha256)
        return path if path.is_file() else None

    async def store(self, sha256: str, chunks: AsyncIterator[bytes], offset: int = 0) -> int:
        """Keep what `chunks` bring, from byte `offset` on; the file's size in bytes.

        Raises `ArtifactError`, `OffsetError`.
        """
        return await self.incoming.receive(sha256, chunks, offset, self._path(sha256))

    async def take(self, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Keep what `chunks` bring under the digest that it has; that, and the size in bytes."""
        return await self.incoming.take(chunks, self._path)

    def older_than(self, moment_s: float) -> set[str]:
        """The artifacts that were last stored before a moment, in seconds since the epoch."""
        files = (each for each in self.root.glob("??/*") if NAME.fullmatch(each.name))
        return {each.name for each in files if each.stat().st_mtime < moment_s}

    def remove(self, sha256: str) -> None:
        """Remove an artifact and what is known of it."""
        self._path(sha256).unlink()
        self.thumbnails.remove(sha256)
        self.values.forget(sha256)

    def _path(self, sha256: str) -> Path:
        check_name(sha256)
        return self.root / sha256[:2] / sha256
