"""Large values of messages, kept as files: members of a payload or result, or all of it.

In the job stands `{"$artifact": {"sha256", "size_bytes", "mime_type", "url"}}` in place of the value.
"""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from attrs import define, field

from hub.artifacts.unpack import REFERENCE
from shared.digests import SHA256

INLINE = 1024 * 1024
"""Bytes of the largest value that stays in its message."""
AT_ONCE = 2

DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
SLICE = 1024 * 1024


@define
class Values:
    """The values among the files below `root`."""

    root: Path
    _turn: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    async def unpack(self, message: IO[bytes]) -> str:
        """The message in a file, its large value kept apart. Raises `ValueError` when it is none."""
        # A process of its own: to look through a hundred MB takes time and memory that is not here.
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "hub.artifacts.unpack", self.root.absolute(), str(INLINE)),
                stdin=message,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
            try:
                said, problem = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode:
            lines = problem.decode(errors="replace").strip().splitlines()
            raise ValueError(lines[-1] if lines else f"not readable: {process.returncode}")
        return said.decode("utf-8", "surrogatepass")

    def find(self, value: object) -> Path | None:
        """The file of a large value, if this is what stands in its place, and the file is here."""
        if not isinstance(value, dict) or list(cast("dict[str, Any]", value)) != [REFERENCE]:
            return None
        told = cast("dict[str, Any]", value)[REFERENCE]
        sha256 = cast("dict[str, Any]", told).get("sha256") if isinstance(told, dict) else None
        if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
            return None
        path = self.root / sha256[:2] / sha256
        return path if path.is_file() and (self.root / "values" / sha256).exists() else None

    def named(self, wanted: set[str]) -> set[str]:
        """Those of the wanted digests that stand in a value that is not wanted itself."""
        found: set[str] = set()
        for mark in (self.root / "values").glob("*"):
            path = self.root / mark.name[:2] / mark.name
            if mark.name not in wanted and path.is_file():
                found |= {each for each in _digests(path) if each in wanted}
        return found

    def forget(self, sha256: str) -> None:
        """The file is gone."""
        (self.root / "values" / sha256).unlink(missing_ok=True)


def _digests(path: Path) -> Iterator[str]:
    """What may be digests in a file, wherever it is cut."""
    left = b""
    with path.open("rb") as file:
        while chunk := file.read(SLICE):
            for each in DIGEST.finditer(left + chunk):
                yield each.group().decode()
            left = (left + chunk)[-66:]
