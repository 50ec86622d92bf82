"""Pieces that have come, kept in nameless files until their messages are whole."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from attrs import define, field

from shared.pieces import LARGEST, Piece, PieceError

STALE_S = 300.0
"""After so long without its next piece a message is dropped."""
AT_ONCE = 8
"""Messages of one connection that may be incomplete."""
NAMED = 10
"""Missing pieces that are named."""


@define(eq=False)
class Assembly:
    """One message. Its file has no name: it ends with the process, whatever happens."""

    name: str
    total: int
    digest: str
    file: IO[bytes]
    heard_s: float
    size: int = 0
    _places: dict[int, tuple[int, int]] = field(factory=dict, init=False)  # offset, length

    @property
    def is_whole(self) -> bool:
        """Whether all pieces have come."""
        return len(self._places) == self.total

    @property
    def missing(self) -> list[int]:
        """The pieces that have not come."""
        return [index for index in range(self.total) if index not in self._places]

    def add(self, piece: Piece) -> None:
        """Keep a piece. Raises `PieceError` when it does not fit."""
        if self.total != piece.total:
            raise PieceError(
                f"chunk_info: {self.name} began with total_chunks {self.total}, not {piece.total}"
            )
        if self.digest != piece.digest:
            raise PieceError(f"chunk_info: {self.name} began with another data_hash")
        if piece.index in self._places:
            raise PieceError(f"chunk_info: piece {piece.index} of {self.name} has come already")
        self._places[piece.index] = (self.size, len(piece.data))
        self.file.write(piece.data)
        self.size += len(piece.data)

    def write(self, whole: IO[bytes]) -> None:
        """Write the message, in order. Raises `PieceError` when its digest is another."""
        digest = hashlib.sha256()
        for part in _with_pairs(self._parts()):
            digest.update(part)
            whole.write(part)
        if digest.hexdigest() != self.digest:
            raise PieceError(
                f"chunk_info: data_hash of {self.name} is {self.digest}, but its {self.total} "
                f"pieces give {digest.hexdigest()}; send all of them again"
            )

    def _parts(self) -> Iterator[bytes]:
        for index in range(self.total):
            offset, length = self._places[index]
            self.file.seek(offset)
            yield self.file.read(length)


@define(eq=False)
class Assemblies:
    """The incomplete messages of one connection. Raises `PieceError`."""

    folder: Path | None = None  # where their bytes are; that of temporary files else
    largest: int = LARGEST
    _begun: dict[str, Assembly] = field(factory=dict, init=False)

    def add(self, piece: Piece, now_s: float) -> Assembly | None:
        """The message when this was its last piece; whoever gets it closes its file."""
        assembly = self._begun.get(piece.name) or self._begin(piece, now_s)
        if self._size() + len(piece.data) > self.largest:
            self._drop(piece.name)
            raise PieceError(
                f"data: {piece.name} would be larger than {self.largest} bytes together with what is "
                "incomplete here; hand large contents in by PUT /artifacts/{sha256}, and name them"
            )
        assembly.heard_s = now_s
        assembly.add(piece)
        return self._begun.pop(piece.name) if assembly.is_whole else None

    def end(self, name: str) -> None:
        """The peer says that it has sent all. Raises `PieceError` when pieces are missing."""
        if (assembly := self._begun.get(name)) is not None:
            self._drop(name)
            raise PieceError(f"chunk_info: {name} is dropped: {_missing(assembly)} did not come")

    def drop_stale(self, now_s: float) -> list[str]:
        """Drop what has waited for too long; what is to be said of each."""
        stale = [each for each in self._begun.values() if now_s - each.heard_s >= STALE_S]
        for each in stale:
            self._drop(each.name)
        return [
            f"chunk_info: {each.name} is dropped: {_missing(each)} did not come within {STALE_S:g} s"
            for each in stale
        ]

    @property
    def next_s(self) -> float | None:
        """When the next message will have waited for too long, if there is any."""
        return min((each.heard_s + STALE_S for each in self._begun.values()), default=None)

    def close(self) -> None:
        """The connection is gone."""
        for name in list(self._begun):
            self._drop(name)

    def _begin(self, piece: Piece, now_s: float) -> Assembly:
        if len(self._begun) >= AT_ONCE:
            raise PieceError(f"chunk_info: {AT_ONCE} messages are incomplete already")
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        file = TemporaryFile(dir=self.folder)  # noqa: SIM115 - `_drop`, or who gets the message
        self._begun[piece.name] = Assembly(piece.name, piece.total, piece.digest, file, now_s)
        return self._begun[piece.name]

    def _size(self) -> int:
        return sum(each.size for each in self._begun.values())

    def _drop(self, name: str) -> None:
        self._begun.pop(name).file.close()


def _missing(assembly: Assembly) -> str:
    indexes = assembly.missing
    named = ", ".join(str(each) for each in indexes[:NAMED])
    beyond = f" and {len(indexes) - NAMED} more" if len(indexes) > NAMED else ""
    return f"piece{'s' * (len(indexes) > 1)} {named}{beyond} of {assembly.total}"


_HIGH = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\Z")
_LOW = re.compile(rb"\xed[\xb0-\xbf][\x80-\xbf]")


def _with_pairs(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes; a character that JavaScript has cut into two surrogates is one again."""
    held = b""
    for part in parts:
        if held and _LOW.match(part):
            pair = (held + part[:3]).decode("utf-8", "surrogatepass")
            yield pair.encode("utf-16", "surrogatepass").decode("utf-16").encode()
            held, rest = b"", part[3:]
        else:
            rest = held + part
        half = _HIGH.search(rest, max(0, len(rest) - 3))
        held = half.group() if half else b""
        yield rest.removesuffix(held)
    yield held
