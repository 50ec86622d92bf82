"""Files of jobs, by the SHA-256 of their bytes, on the hub's disk or in a bucket behind it."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import field, frozen

from hub.artifacts.bucket import Bucket
from hub.artifacts.digests import Stored, check_name
from hub.artifacts.incoming import Incoming
from hub.artifacts.pieces import pieces_of
from hub.artifacts.thumbnails import Thumbnails
from hub.artifacts.values import Values
from shared.digests import SHA256


@frozen
class Artifacts:
    """A directory of files. A file appears whole and checked, or not at all.

    With a bucket, the directory has only what is on its way there.
    """

    root: Path = field()
    bucket: Bucket | None = None

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
        """Values of messages that are too large to be kept elsewhere; they stay on the disk."""
        return Values(self.root)

    async def keep(self, sha256: str) -> bool:
        """Whether the artifact is here; if so it counts as stored just now."""
        try:
            os.utime(self._path(sha256))
        except FileNotFoundError:
            return self.bucket is not None and await self.bucket.keep(sha256)
        return True

    async def has(self, sha256: str) -> bool:
        """Whether the artifact is here. Raises `ArtifactError` for what is no digest."""
        on_disk = self.find(sha256) is not None
        return on_disk or (self.bucket is not None and await self.bucket.has(sha256))

    def find(self, sha256: str) -> Path | None:
        """Where the artifact lies on disk, or None. Raises `ArtifactError` for what is no digest."""
        path = self._path(sha256)
        return path if path.is_file() else None

    def read(self, sha256: str) -> AsyncIterator[bytes]:
        """The bytes of an artifact that is here, in pieces."""
        path = self._path(sha256)
        if self.bucket is not None and not path.is_file():
            return self.bucket.read(sha256)
        return pieces_of(path)

    @asynccontextmanager
    async def at_hand(self, sha256: str) -> AsyncGenerator[Path]:
        """The artifact as a file on this machine."""
        path = self.find(sha256)
        if path is not None:
            yield path
            return
        with TemporaryDirectory(dir=self.root) as folder:
            path = Path(folder) / sha256
            with path.open("wb") as file:
                async for piece in self.read(sha256):
                    file.write(piece)
            yield path

    async def store(self, sha256: str, chunks: AsyncIterator[bytes], offset: int = 0) -> int:
        """Keep what `chunks` bring, from byte `offset` on; the file's size in bytes.

        Raises `ArtifactError`, `OffsetError`.
        """
        size = await self.incoming.receive(sha256, chunks, offset, self._path(sha256))
        await self._pass_on(sha256)
        return size

    async def copy(self, sha256: str, chunks: AsyncIterator[bytes]) -> None:
        """Keep a value of messages that another hub has, on the disk. Raises `ArtifactError`."""
        await self.incoming.receive(sha256, chunks, 0, self._path(sha256))
        self.values.learn(sha256)

    async def take(self, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Keep what `chunks` bring under the digest that it has; that, and the size in bytes."""
        sha256, size = await self.incoming.take(chunks, self._path)
        await self._pass_on(sha256)
        return sha256, size

    async def stored(self) -> dict[str, Stored]:
        """All artifacts, by digest."""
        found = await self.bucket.stored() if self.bucket else dict[str, Stored]()
        for path in self.root.glob("??/*"):
            if SHA256.fullmatch(path.name):
                about = path.stat()
                found[path.name] = Stored(about.st_mtime, about.st_size)
        return found

    async def older_than(self, moment_s: float) -> set[str]:
        """The artifacts that were last stored before a moment, in seconds since the epoch."""
        return {name for name, each in (await self.stored()).items() if each.at_s < moment_s}

    async def remove(self, sha256: str) -> None:
        """Remove an artifact and what is known of it."""
        self._path(sha256).unlink(missing_ok=True)
        self.thumbnails.remove(sha256)
        self.values.forget(sha256)
        if self.bucket is not None:
            await self.bucket.remove(sha256)

    async def _pass_on(self, sha256: str) -> None:
        if self.bucket is not None:
            await self.bucket.put(sha256, self._path(sha256))
            self._path(sha256).unlink(
                missing_ok=True
            )  # who handed in the same may have been faster

    def _path(self, sha256: str) -> Path:
        check_name(sha256)
        return self.root / sha256[:2] / sha256
