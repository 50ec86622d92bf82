"""Many files as one: a zip that is written while it is sent, and never is on disk or in memory whole."""

import re
import zipfile
from collections.abc import AsyncIterator, Callable, Iterable
from typing import IO, cast

from attrs import define, field, frozen

LONGEST = 200
"""Characters of the longest name."""
UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]')


@frozen
class Member:
    """A file under the name that it gets in the archive."""

    name: str
    pieces: Callable[[], AsyncIterator[bytes]]


async def archived(members: Iterable[Member]) -> AsyncIterator[bytes]:
    """A zip of the files, in pieces. Stored as they are: pictures and videos are compressed already."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w") as archive:
        for member in members:
            about = zipfile.ZipInfo(member.name)
            about.external_attr = 0o644 << 16
            with archive.open(about, "w", force_zip64=True) as entry:
                async for piece in member.pieces():
                    entry.write(piece)
                    yield sink.taken()
    yield sink.taken()


def names(wanted: Iterable[str]) -> list[str]:
    """Names that unpack everywhere, each once, into the folder where the archive is unpacked."""
    given: list[str] = []
    for each in wanted:
        plain = _plain(each)
        stem, dot, suffix = plain.rpartition(".") if "." in plain else (plain, "", "")
        name, number = plain, 1
        while name.casefold() in {other.casefold() for other in given}:
            number += 1
            name = f"{stem} ({number}){dot}{suffix}"
        given.append(name)
    return given


def _plain(name: str) -> str:
    last = re.split(r"[/\\]", name)[-1]
    return UNSAFE.sub("_", last)[-LONGEST:].strip(". ") or "file"


@define
class _Sink:
    """What was written, until it is taken; it has no place to go back to."""

    _written: bytearray = field(factory=bytearray)

    def write(self, content: bytes) -> int:
        """Keep it."""
        self._written += content
        return len(content)

    def flush(self) -> None:
        """Nothing is kept from who takes."""

    def taken(self) -> bytes:
        """All since the last time."""
        content, self._written = bytes(self._written), bytearray()
        return content
