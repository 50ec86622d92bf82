"""Messages in pieces, as the original sends what is larger than 1 MiB.

A piece is a `system_status` with `chunk_info` (chunk_id, chunk_index, total_chunks, data_hash: the
SHA-256 of the whole message in UTF-8) and `data`; or a `chunked_message` with the same fields, and
`data` in base64. Pieces may come in any order, between other messages.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard

from attrs import frozen

from shared.digests import SHA256
from shared.messages import ChunkedMessage, Message, SystemStatus

PIECE = 1024 * 1024
"""Characters of one piece that is sent, and size of a frame from which on there are pieces."""
LARGEST_PIECE = 2 * PIECE
MOST_PIECES = 1000
LARGEST = 100 * PIECE
"""Bytes of the largest message."""

LONGEST_NAME = 200
NUMBERS = ("chunk_id", "chunk_index", "total_chunks", "data_hash")

Form = Callable[[Iterable[str], int, str], Iterator[Message]]
"""Makes pieces of a message that is cut already: its texts, how many they are, the digest of all."""


class PieceError(ValueError):
    """A piece that does not fit, or pieces that make no whole; names piece and fault."""


@frozen
class Piece:
    """One piece: which, of how many, of what."""

    name: str
    index: int
    total: int
    digest: str
    data: bytes


def is_piece(message: Message) -> TypeGuard[SystemStatus | ChunkedMessage]:
    """Whether a message is a part of another."""
    if isinstance(message, SystemStatus):
        return message.chunk_info is not None
    return isinstance(message, ChunkedMessage)


def piece_of(message: SystemStatus | ChunkedMessage) -> Piece:
    """The piece that a message is. Raises `PieceError`."""
    if isinstance(message, ChunkedMessage):
        said = {name: getattr(message, name) for name in NUMBERS}
        return _piece(said, "", message.data, _from_base64)
    return _piece(message.chunk_info or {}, "chunk_info.", message.data, _from_text)


def _piece(info: dict[str, Any], where: str, data: object, read: Callable[[str], bytes]) -> Piece:
    name, digest = info.get("chunk_id"), info.get("data_hash")
    index, total = info.get("chunk_index"), info.get("total_chunks")
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        raise PieceError(f"{where}chunk_id: expected a name of 1 to {LONGEST_NAME} characters")
    if not isinstance(digest, str) or not SHA256.fullmatch(digest):
        raise PieceError(f"{where}data_hash: expected the SHA-256 of the message in hexadecimal")
    if type(total) is not int or not 1 <= total <= MOST_PIECES:
        raise PieceError(f"{where}total_chunks: expected 1 to {MOST_PIECES}")
    if type(index) is not int or not 0 <= index < total:
        raise PieceError(f"{where}chunk_index: expected 0 to {total - 1}, got {index!r:.20}")
    if not isinstance(data, str):
        raise PieceError("data: expected a text")
    return Piece(name, index, total, digest, read(data))


def _from_text(data: str) -> bytes:
    _check_length(data, LARGEST_PIECE)
    return data.encode("utf-8", "surrogatepass")


def _from_base64(data: str) -> bytes:
    _check_length(data, LARGEST_PIECE // 3 * 4 + 4)
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise PieceError(f"data: expected base64 ({problem})") from problem


def _check_length(data: str, most: int) -> None:
    if len(data) > most:
        raise PieceError(f"data: expected a text of at most {most} characters")


def split(frame: str, form: Form | None = None) -> Iterator[Message]:
    """The pieces of a frame, as `system_status` unless in another form."""
    digest = hashlib.sha256(frame.encode("utf-8", "surrogatepass")).hexdigest()
    total = -(-len(frame) // PIECE)
    texts = (frame[at : at + PIECE] for at in range(0, len(frame), PIECE))
    return (form or numbered)(texts, total, digest)


def numbered(texts: Iterable[str], total: int, digest: str) -> Iterator[SystemStatus]:
    """Pieces as the original sends them. A `Form`."""
    for index, text in enumerate(texts):
        yield SystemStatus(chunk_info=_numbers(index, total, digest), data=text)


def chunked(texts: Iterable[str], total: int, digest: str) -> Iterator[ChunkedMessage]:
    """Pieces as the original's documents have them. A `Form`."""
    for index, text in enumerate(texts):
        data = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
        yield ChunkedMessage(**_numbers(index, total, digest), data=data)


def _numbers(index: int, total: int, digest: str) -> dict[str, Any]:
    return dict(zip(NUMBERS, (digest[:32], index, total, digest), strict=True))


def form_of(piece: Message) -> Form:
    """The form in which a piece is said."""
    return chunked if isinstance(piece, ChunkedMessage) else numbered
