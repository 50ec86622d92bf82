"""Small pictures of files, made once by a process of their own."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import define, field

SIZES = (64, 128, 256, 512, 1024)
"""Pixels of the longer side. Few, so that a file has few."""
TIME_S = 30.0
AT_ONCE = 2


class NoThumbnailError(Exception):
    """There is no small picture of this file; the message says why."""


@define
class Thumbnails:
    """A directory of small pictures: `SHA256-SIZE.webp`."""

    root: Path
    time_s: float = TIME_S
    _turn: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    async def of(self, source: Path, sha256: str, kind: str, size: int) -> Path:
        """The small picture of an image or a video, the longer side `size` pixels or somewhat more.

        Raises `NoThumbnailError`.
        """
        if not kind.startswith(("image/", "video/")):
            raise NoThumbnailError(f"no thumbnail: the file is neither image nor video but {kind}")
        target = self._path(sha256, next(each for each in SIZES if each >= size))
        async with self._turn:
            if not target.exists():
                await self._make(source, kind, target)
        return target

    def remove(self, sha256: str) -> None:
        """Remove the small pictures of a file."""
        for size in SIZES:
            self._path(sha256, size).unlink(missing_ok=True)

    def _path(self, sha256: str, size: int) -> Path:
        return self.root / f"{sha256}-{size}.webp"

    async def _make(self, source: Path, kind: str, target: Path) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        size = target.stem.rpartition("-")[2]
        with TemporaryDirectory(dir=self.root) as folder:
            unfinished = Path(folder) / target.name
            # What decodes a stranger's file must not be the hub: it may crash, hang or ask for memory.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "hub.artifacts.thumbnail"),
                *(source, kind, size, unfinished),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
            await self._finished(process)
            unfinished.replace(target)

    async def _finished(self, process: asyncio.subprocess.Process) -> None:
        try:
            _, told = await asyncio.wait_for(process.communicate(), self.time_s)
        except TimeoutError:
            raise NoThumbnailError(f"no thumbnail: not made within {self.time_s:g} s") from None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode:
            lines = told.decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else f"its maker ended with {process.returncode}"
            raise NoThumbnailError(f"no thumbnail: {reason[:300]}")
