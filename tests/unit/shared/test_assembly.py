"""Messages are put together from pieces in any order, or it is said what is wrong with them."""

import hashlib
from io import BytesIO
from pathlib import Path

import pytest

from shared import assembly as module
from shared.assembly import STALE_S, Assemblies
from shared.messages import Error
from shared.pieces import PIECE, Piece, PieceError, is_piece, piece_of, split
from shared.wire import encode


def pieces(texts: list[bytes], name: str = "m", whole: bytes | None = None) -> list[Piece]:
    digest = hashlib.sha256(b"".join(texts) if whole is None else whole).hexdigest()
    return [Piece(name, at, len(texts), digest, text) for at, text in enumerate(texts)]


def put_together(parts: list[Piece]) -> bytes:
    assemblies, whole = Assemblies(), BytesIO()
    *most, last = parts
    assert [assemblies.add(each, 0) for each in most] == [None] * len(most)
    done = assemblies.add(last, 0)
    assert done is not None
    with done.file:
        done.write(whole)
    assert assemblies.next_s is None
    return whole.getvalue()


def test_a_frame_is_the_same_behind_its_pieces_whatever_their_order() -> None:
    frame = encode(Error(error="ä" * PIECE))
    parts = [piece_of(each) for each in split(frame) if is_piece(each)]
    assert len(parts) > 1
    assert put_together(parts[::-1]) == frame.encode()


@pytest.mark.parametrize("behind", ["", "y"])
def test_a_character_that_was_cut_into_surrogates_is_one_again(behind: str) -> None:
    whole = f"x😀😀{behind}".encode()
    halves = ["x\ud83d", "\ude00", "\ud83d", f"\ude00{behind}"]
    texts = [each.encode("utf-8", "surrogatepass") for each in halves]
    assert put_together(pieces(texts, whole=whole)) == whole


def test_a_surrogate_alone_stays() -> None:
    texts = [each.encode("utf-8", "surrogatepass") for each in ("\ud83d", "x", "\ud83d")]
    assert put_together(pieces(texts)) == b"".join(texts)


@pytest.mark.parametrize(
    ("piece", "problem"),
    [
        (Piece("m", 0, 2, "0" * 64, b""), "piece 0 of m has come already"),
        (Piece("m", 1, 3, "0" * 64, b""), "m began with total_chunks 2, not 3"),
        (Piece("m", 1, 2, "1" * 64, b""), "m began with another data_hash"),
        (Piece("m", 1, 2, "0" * 64, b"xx"), "m would be larger than 2 bytes"),
        (Piece("n", 0, 1, "0" * 64, b""), "1 messages are incomplete already"),
    ],
    ids=str,
)
def test_a_piece_that_does_not_fit_is_named(
    piece: Piece, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    assemblies = Assemblies(largest=2)
    assemblies.add(Piece("m", 0, 2, "0" * 64, b"x"), 0)
    with pytest.raises(PieceError, match=problem):
        assemblies.add(piece, 0)
    assemblies.close()


def test_pieces_that_make_another_message_are_refused() -> None:
    with pytest.raises(PieceError, match=r"data_hash of m is .*, but its 2 pieces give"):
        put_together(pieces([b"a", b"b"], whole=b"c"))


def test_what_waits_for_too_long_is_dropped_and_its_missing_pieces_named(tmp_path: Path) -> None:
    assemblies = Assemblies(tmp_path / "pieces")
    few, many = pieces([b"a"] * 3, "few"), pieces([b"b"] * 14, "many")
    assert assemblies.drop_stale(0) == []
    assemblies.add(few[1], 0)
    assemblies.add(many[0], 1)
    assemblies.add(few[2], 2)
    assert assemblies.next_s == 1 + STALE_S
    (problem,) = assemblies.drop_stale(1 + STALE_S)
    assert problem == (
        "chunk_info: many is dropped: pieces 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 3 more of 14 did not "
        "come within 300 s"
    )
    (problem,) = assemblies.drop_stale(2 + STALE_S)
    assert problem == "chunk_info: few is dropped: piece 0 of 3 did not come within 300 s"
    assert list((tmp_path / "pieces").iterdir()) == []


def test_what_is_said_to_be_whole_and_is_not_is_dropped_and_its_missing_pieces_named() -> None:
    assemblies = Assemblies()
    assemblies.add(pieces([b"a"] * 3)[1], 0)
    with pytest.raises(PieceError, match="m is dropped: pieces 0, 2 of 3 did not come"):
        assemblies.end("m")
    assemblies.end("m")  # as of one that is whole
    assert assemblies.next_s is None


def test_the_end_of_a_connection_ends_its_messages() -> None:
    assemblies = Assemblies()
    assemblies.add(pieces([b"a", b"b"])[0], 0)
    assemblies.close()
    assert assemblies.next_s is None
