"""Messages that come in pieces, kept on disk until they are whole.

A piece is a `system_status` with `chunk_info` (chunk_id, chunk_index, total_chunks, data_hash: the
SHA-256 of the whole message) and `data`. Pieces may come in any order, between other messages.
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from attrs import define, field

from shared.messages import SystemStatus

STALE_S = 300.0
"""After so long without its next piece a message is dropped."""
PIECE = 1024 * 1024
"""Characters of one piece that the hub sends, and bytes from which on it sends pieces."""
LARGEST_PIECE = 2 * PIECE
MOST_PIECES = 1000
AT_ONCE = 8
"""Messages of one connection that may be incomplete."""
LARGEST_WHOLE = 16 * 1024 * 1024
"""Bytes of the largest message that is read; larger contents belong into artifacts."""

DIGEST = re.compile(r"[0-9a-f]{64}")


@define(eq=False)
class _Message:
    file: IO[bytes]
    total: int
    digest: str
    dropping: asyncio.TimerHandle
    places: dict[int, tuple[int, int]] = field(factory=dict)  # of each piece: offset, length
    size: int = 0


@define(eq=False)
class Pieces:
    """The incomplete messages of one connection. Raises `ValueError`, which names piece and fault."""

    folder: Path
    _messages: dict[str, _Message] = field(factory=dict, init=False)

    def add(self, info: dict[str, Any], data: object) -> str | None:
        """The whole frame, when this was its last piece."""
        name, index, total, digest = _checked(info)
        if not isinstance(data, str) or len(data) > LARGEST_PIECE:
            raise ValueError(f"data: expected a text of at most {LARGEST_PIECE} characters")
        message = self._message(name, total, digest)
        if index in message.places:
            raise ValueError(f"chunk_info: piece {index} of {name} has come already")
        self._keep(name, message, index, data.encode("utf-8", "surrogatepass"))
        return self._whole(name, message) if len(message.places) == total else None

    def close(self) -> None:
        """The connection is gone."""
        for name in list(self._messages):
            self._drop(name)

    def _message(self, name: str, total: int, digest: str) -> _Message:
        message = self._messages.get(name)
        if message is None:
            if len(self._messages) >= AT_ONCE:
                raise ValueError(f"chunk_info: {AT_ONCE} messages are incomplete already")
            self.folder.mkdir(parents=True, exist_ok=True)
            message = _Message(
                NamedTemporaryFile(dir=self.folder, prefix="pieces-"),  # noqa: SIM115 - `_drop` closes it
                total,
                digest,
                self._later(name),
            )
            self._messages[name] = message
        if (message.total, message.digest) != (total, digest):
            raise ValueError(
                f"chunk_info: {name} began with total_chunks {message.total} and another data_hash"
                if message.total == total
                else f"chunk_info: {name} began with total_chunks {message.total}, not {total}"
            )
        return message

    def _keep(self, name: str, message: _Message, index: int, data: bytes) -> None:
        message.dropping.cancel()
        message.dropping = self._later(name)
        if message.size + len(data) > LARGEST_WHOLE:
            self._drop(name)
            raise ValueError(
                f"data: {name} is larger than {LARGEST_WHOLE} bytes; hand large contents in by PUT "
                "/artifacts/{sha256}, and name them"
            )
        message.places[index] = (message.size, len(data))
        message.file.write(data)
        message.size += len(data)

    def _whole(self, name: str, message: _Message) -> str:
        try:
            whole = hashlib.sha256()
            for part in _parts(message):
                whole.update(part)
            if whole.hexdigest() != message.digest:
                raise ValueError(
                    f"chunk_info: data_hash of {name} is {message.digest}, but its {message.total} "
                    f"pieces give {whole.hexdigest()}; send all of them again"
                )
            return b"".join(_parts(message)).decode("utf-8", "surrogatepass")
        finally:
            self._drop(name)

    def _later(self, name: str) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(STALE_S, self._drop, name)

    def _drop(self, name: str) -> None:
        message = self._messages.pop(name)
        message.dropping.cancel()
        with contextlib.suppress(FileNotFoundError):  # somebody has cleaned the folder
            message.file.close()


def split(frame: str) -> Iterator[SystemStatus]:
    """The pieces of a frame."""
    digest = hashlib.sha256(frame.encode("utf-8", "surrogatepass")).hexdigest()
    total = -(-len(frame) // PIECE)
    for index in range(total):
        yield SystemStatus(
            chunk_info={
                "chunk_id": digest[:32],
                "chunk_index": index,
                "total_chunks": total,
                "data_hash": digest,
            },
            data=frame[index * PIECE : (index + 1) * PIECE],
        )


def _parts(message: _Message) -> Iterator[bytes]:
    for index in range(message.total):
        offset, length = message.places[index]
        message.file.seek(offset)
        yield message.file.read(length)


def _checked(info: dict[str, Any]) -> tuple[str, int, int, str]:
    name, digest = info.get("chunk_id"), info.get("data_hash")
    index, total = info.get("chunk_index"), info.get("total_chunks")
    if not isinstance(name, str) or not 1 <= len(name) <= 200:  # noqa: PLR2004 - as it says
        raise ValueError("chunk_info.chunk_id: expected a name of 1 to 200 characters")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise ValueError("chunk_info.data_hash: expected the SHA-256 of the message in hexadecimal")
    if type(total) is not int or not 1 <= total <= MOST_PIECES:
        raise ValueError(f"chunk_info.total_chunks: expected 1 to {MOST_PIECES}")
    if type(index) is not int or not 0 <= index < total:
        raise ValueError(f"chunk_info.chunk_index: expected 0 to {total - 1}, got {index!r:.20}")
    return name, index, total, digest
