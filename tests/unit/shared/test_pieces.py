"""What a piece must say."""

from typing import Any

import pytest

from shared.messages import ChunkedMessage, Envelope, Ping, SystemStatus
from shared.pieces import (
    LARGEST_PIECE,
    MOST_PIECES,
    Piece,
    PieceError,
    chunked,
    form_of,
    is_piece,
    numbered,
    piece_of,
    split,
)
from shared.wire import structure

INFO = {"chunk_id": "c", "chunk_index": 0, "total_chunks": 2, "data_hash": "0" * 64}


@pytest.mark.parametrize(
    ("changes", "data", "problem"),
    [
        ({"chunk_id": ""}, "", "chunk_info.chunk_id: expected a name of 1 to 200"),
        ({"chunk_id": 5}, "", "chunk_info.chunk_id"),
        ({"data_hash": "x"}, "", "chunk_info.data_hash: expected the SHA-256"),
        ({"data_hash": None}, "", "chunk_info.data_hash"),
        ({"total_chunks": 0}, "", "chunk_info.total_chunks: expected 1 to 1000"),
        ({"total_chunks": True}, "", "chunk_info.total_chunks"),
        ({"total_chunks": MOST_PIECES + 1}, "", "chunk_info.total_chunks"),
        ({"chunk_index": 2}, "", "chunk_info.chunk_index: expected 0 to 1, got 2"),
        ({"chunk_index": -1}, "", "chunk_info.chunk_index"),
        ({}, 5, "data: expected a text"),
        ({}, "x" * (LARGEST_PIECE + 1), "data: expected a text of at most"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_with_a_piece_is_named(
    changes: dict[str, Any], data: object, problem: str
) -> None:
    with pytest.raises(PieceError, match=problem):
        piece_of(SystemStatus(chunk_info=INFO | changes, data=data))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"chunk_id": ""}, "^chunk_id: expected a name of 1 to 200"),
        ({"data_hash": "x"}, "^data_hash: expected the SHA-256"),
        ({"total_chunks": 0}, "^total_chunks: expected 1 to 1000"),
        ({"chunk_index": 2}, "^chunk_index: expected 0 to 1, got 2"),
        ({"data": "é"}, "^data: expected base64"),
        ({"data": "eA"}, "^data: expected base64"),
        ({"data": "A" * (2 * LARGEST_PIECE)}, "^data: expected a text of at most"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_with_a_chunk_is_named(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(PieceError, match=problem):
        piece_of(structure(INFO | {"data": "", "envelope": Envelope()} | changes, ChunkedMessage))


def test_both_forms_of_a_piece_say_the_same() -> None:
    frame = '{"type":"ping","why":"\ud83d"}'
    plain, chunk = next(split(frame)), next(split(frame, chunked))
    assert is_piece(plain)
    assert is_piece(chunk)
    assert piece_of(plain) == piece_of(chunk)
    assert piece_of(chunk).data == frame.encode("utf-8", "surrogatepass")
    assert (form_of(plain), form_of(chunk)) == (numbered, chunked)


def test_what_is_no_piece_is_none() -> None:
    assert not is_piece(Ping())
    assert not is_piece(SystemStatus(active_workers=1))
    assert piece_of(SystemStatus(chunk_info=INFO, data="x")) == Piece("c", 0, 2, "0" * 64, b"x")
