"""Files on their way in: what has come of one stays when its connection breaks."""

import asyncio
import fcntl
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path

from attrs import frozen

from hub.artifacts.digests import ArtifactError, Digest


class BrokenOffError(ConnectionError):
    """The sender went away before the file was whole."""


class OffsetError(ArtifactError):
    """An upload cannot be continued there; `offset` bytes of it are here."""

    def __init__(self, problem: str, offset: int) -> None:
        super().__init__(f"Content-Range: {problem}")
        self.offset = offset


@frozen
class Incoming:
    """A directory of unfinished files, by the digest that they are to have."""

    root: Path

    def offset(self, sha256: str) -> int:
        """How many bytes of a file have come."""
        try:
            return (self.root / sha256).stat().st_size
        except FileNotFoundError:
            return 0

    async def receive(
        self, sha256: str, chunks: AsyncIterator[bytes], offset: int, target: Path
    ) -> int:
        """Move the file to `target` when it is whole; its size in bytes.

        What had come stays after `BrokenOffError` and when this is cancelled, for who continues at
        `offset`. Raises `ArtifactError`, `OffsetError`.
        """
        with self._held(sha256, offset) as file:
            path = Path(file.name)
            try:
                digest = await asyncio.to_thread(_begun, file, offset)
                size = offset + await written(file, chunks, digest)
                _check(size, digest, sha256)
                await asyncio.to_thread(settle, file, target)
            except (BrokenOffError, asyncio.CancelledError):
                if path.name != sha256:  # nobody could ask for it
                    path.unlink()
                raise
            except BaseException:
                path.unlink()
                raise
        return size

    async def take(
        self, chunks: AsyncIterator[bytes], target: Callable[[str], Path]
    ) -> tuple[str, int]:
        """Keep what nobody has named yet where `target` says; its digest and size."""
        self.root.mkdir(parents=True, exist_ok=True)
        with _opened(self.root / secrets.token_hex(16)) as file:
            try:
                digest = hashlib.sha256()
                size = await written(file, chunks, digest)
                await asyncio.to_thread(settle, file, target(digest.hexdigest()))
            except BaseException:
                Path(file.name).unlink()
                raise
        return digest.hexdigest(), size

    def drop(self, before_s: float) -> None:
        """Remove what nobody has continued since a moment, in seconds since the epoch."""
        for path in self.root.glob("*"):
            if path.stat().st_mtime < before_s:
                path.unlink()

    @contextmanager
    def _held(self, sha256: str, offset: int) -> Generator[BufferedRandom]:
        """The file to write to, of which there is no other writer."""
        self.root.mkdir(parents=True, exist_ok=True)
        with _opened(self.root / sha256) as file:
            here = os.fstat(file.fileno()).st_size
            is_ours = _is_locked(file)
            if offset and not is_ours:
                raise OffsetError("the file is being handed in just now; ask again", here)
            if offset not in {0, here}:
                raise OffsetError(f"continue at byte {here}, or begin again without it", here)
            if is_ours:
                yield file
                return
        # Somebody hands the same in just now: whoever is first with it wins, and both are right.
        with _opened(self.root / f"{sha256}-{secrets.token_hex(4)}") as file:
            yield file


async def written(file: BufferedRandom, chunks: AsyncIterator[bytes], digest: Digest) -> int:
    """How many bytes came and were written, and put into the digest."""
    size = 0
    async for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        await asyncio.to_thread(file.write, chunk)
    return size


def settle(file: BufferedRandom, target: Path) -> None:
    """Give a whole file its place, and not before it is on the disk."""
    file.flush()
    os.fsync(file.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    Path(file.name).replace(target)


def _opened(path: Path) -> BufferedRandom:
    path.touch()
    return path.open("r+b")


def _is_locked(file: BufferedRandom) -> bool:
    """Whether we are its only writer: no other holds it, and it has not been settled meanwhile."""
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(Path(file.name).stat(), os.fstat(file.fileno()))
    except (BlockingIOError, FileNotFoundError):
        return False


def _check(size: int, digest: Digest, sha256: str) -> None:
    if digest.hexdigest() != sha256:
        raise ArtifactError(
            f"sha256: the {size} bytes received have the digest {digest.hexdigest()}"
        )


def _begun(file: BufferedRandom, offset: int) -> Digest:
    """The digest of what is here; the file stands at its end."""
    file.truncate(offset)
    return hashlib.file_digest(file, "sha256")
