"""Messages in pieces, as the original sends what is larger than 1 MiB.

A piece is a `system_status` with `chunk_info` (chunk_id, chunk_index, total_chunks, data_hash: the
SHA-256 of the whole message in UTF-8) and `data`. Pieces may come in any order, between other
messages.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from shared.digests import SHA256
from shared.messages import SystemStatus

PIECE = 1024 * 1024
"""Characters of one piece that is sent, and size of a frame from which on there are pieces."""
LARGEST_PIECE = 2 * PIECE
MOST_PIECES = 1000
LARGEST = 100 * PIECE
"""Bytes of the largest message."""

LONGEST_NAME = 200


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


def piece_of(info: dict[str, Any], data: object) -> Piece:
    """The piece that a `chunk_info` and its data are. Raises `PieceError`."""
    name, digest = info.get("chunk_id"), info.get("data_hash")
    index, total = info.get("chunk_index"), info.get("total_chunks")
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        raise PieceError(f"chunk_info.chunk_id: expected a name of 1 to {LONGEST_NAME} characters")
    if not isinstance(digest, str) or not SHA256.fullmatch(digest):
        raise PieceError("chunk_info.data_hash: expected the SHA-256 of the message in hexadecimal")
    if type(total) is not int or not 1 <= total <= MOST_PIECES:
        raise PieceError(f"chunk_info.total_chunks: expected 1 to {MOST_PIECES}")
    if type(index) is not int or not 0 <= index < total:
        raise PieceError(f"chunk_info.chunk_index: expected 0 to {total - 1}, got {index!r:.20}")
    if not isinstance(data, str) or len(data) > LARGEST_PIECE:
        raise PieceError(f"data: expected a text of at most {LARGEST_PIECE} characters")
    return Piece(name, index, total, digest, data.encode("utf-8", "surrogatepass"))


def split(frame: str) -> Iterator[SystemStatus]:
    """The pieces of a frame."""
    digest = hashlib.sha256(frame.encode("utf-8", "surrogatepass")).hexdigest()
    total = -(-len(frame) // PIECE)
    return numbered((frame[at : at + PIECE] for at in range(0, len(frame), PIECE)), total, digest)


def numbered(texts: Iterable[str], total: int, digest: str) -> Iterator[SystemStatus]:
    """The pieces of a message that is cut already, and has this digest."""
    for index, text in enumerate(texts):
        yield SystemStatus(
            chunk_info={
                "chunk_id": digest[:32],
                "chunk_index": index,
                "total_chunks": total,
                "data_hash": digest,
            },
            data=text,
        )
