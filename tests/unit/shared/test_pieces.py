"""What a piece must say."""

from typing import Any

import pytest

from shared.pieces import LARGEST_PIECE, MOST_PIECES, PieceError, piece_of

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
        ({}, 5, "data: expected a text of at most"),
        ({}, "x" * (LARGEST_PIECE + 1), "data: expected a text of at most"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_with_a_piece_is_named(
    changes: dict[str, Any], data: object, problem: str
) -> None:
    with pytest.raises(PieceError, match=problem):
        piece_of(INFO | changes, data)
