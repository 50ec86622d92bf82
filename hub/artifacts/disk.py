"""Files of jobs, by the SHA-256 of their bytes, on the hub's disk."""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from attrs import field, frozen

from hub.artifacts.thumbnails import Thumbnails

NAME = re.compile(r"[0-9a-f]{64}")


class ArtifactError(ValueError):
    """What was sent is not the artifact that it was said to be."""


@frozen
class Artifacts:
    """A directory of files. A file appears whole and checked, or not at all."""

    root: Path = field()

    @cached_property
    def thumbnails(self) -> Thumbnails:
        """Small pictures of the files."""
        return Thumbnails(self.root / "thumbnails")

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

    async def store(self, sha256: str, chunks: AsyncIterator[bytes]) -> int:
        """Keep what `chunks` bring; its size in bytes. Raises `ArtifactError`."""
        path = self._path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with NamedTemporaryFile(dir=self.root, prefix="incoming-", delete=False) as file:
            incoming = Path(file.name)
            try:
                async for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    await asyncio.to_thread(file.write, chunk)
                if digest.hexdigest() != sha256:
                    raise ArtifactError(
                        f"sha256: the {size} bytes received have the digest {digest.hexdigest()}"
                    )
                await asyncio.to_thread(_settle, file, path)
            finally:
                incoming.unlink(missing_ok=True)
        return size

    def older_than(self, moment_s: float) -> set[str]:
        """The artifacts that were last stored before a moment, in seconds since the epoch."""
        files = (each for each in self.root.glob("??/*") if NAME.fullmatch(each.name))
        return {each.name for each in files if each.stat().st_mtime < moment_s}

    def remove(self, sha256: str) -> None:
        """Remove an artifact and its small pictures."""
        self._path(sha256).unlink()
        self.thumbnails.remove(sha256)

    def _path(self, sha256: str) -> Path:
        if not NAME.fullmatch(sha256):
            raise ArtifactError("sha256: expected 64 lower-case hexadecimal digits")
        return self.root / sha256[:2] / sha256


def _settle(file: IO[bytes], path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    Path(file.name).replace(path)
