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
        sha256 = referred(value)
        if sha256 is None or not self.has(sha256):
            return None
        path = self.root / sha256[:2] / sha256
        return path if path.is_file() else None

    def has(self, sha256: str) -> bool:
        """Whether the file was made of a value."""
        return (self.root / "values" / sha256).exists()

    def learn(self, sha256: str) -> None:
        """The file was made of a value, by another hub."""
        (self.root / "values").mkdir(exist_ok=True)
        (self.root / "values" / sha256).touch()

    def missing(self, value: object) -> list[str]:
        """The large values that a value refers to, itself or with a member, and that are not here."""
        is_object = isinstance(value, dict)
        members: list[object] = list(cast("dict[str, Any]", value).values()) if is_object else []
        wanted = [each for each in map(referred, [value, *members]) if each is not None]
        return [each for each in wanted if not (self.root / each[:2] / each).is_file()]

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


def referred(value: object) -> str | None:
    """The digest of the large value in whose place this stands."""
    if not isinstance(value, dict) or list(cast("dict[str, Any]", value)) != [REFERENCE]:
        return None
    told = cast("dict[str, Any]", value)[REFERENCE]
    sha256 = cast("dict[str, Any]", told).get("sha256") if isinstance(told, dict) else None
    return sha256 if isinstance(sha256, str) and SHA256.fullmatch(sha256) else None


def _digests(path: Path) -> Iterator[str]:
    """What may be digests in a file, wherever it is cut."""
    left = b""
    with path.open("rb") as file:
        while chunk := file.read(SLICE):
            for each in DIGEST.finditer(left + chunk):
                yield each.group().decode()
            left = (left + chunk)[-66:]
