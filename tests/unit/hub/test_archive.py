"""A zip that is written while it is sent."""

import io
import zipfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from hub.artifacts.archive import Member, archived, names
from hub.artifacts.pieces import PIECE_BYTES, pieces_of


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    contents = {"a.png": b"a" * (PIECE_BYTES + 1), "ä/ö.txt": b"", "b.bin": bytes(range(256))}
    members: list[Member] = []
    for number, (name, content) in enumerate(contents.items()):
        path = tmp_path / str(number)
        path.write_bytes(content)
        members.append(Member(name, partial(pieces_of, path)))
    with zipfile.ZipFile(io.BytesIO(await whole(archived(members)))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == contents
        assert {each.external_attr >> 16 for each in archive.infolist()} == {0o644}


async def test_it_is_never_whole_in_memory(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * (10 * PIECE_BYTES))
    pieces = [
        len(piece) async for piece in archived([Member("x", partial(pieces_of, tmp_path / "x"))])
    ]
    assert max(pieces) < 2 * PIECE_BYTES
    assert len(pieces) >= 10


async def test_a_file_may_be_larger_than_zip_once_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)  # 2 GB would take long to write
    (tmp_path / "x").write_bytes(b"x" * 1001)
    packed = await whole(archived([Member("x", partial(pieces_of, tmp_path / "x"))]))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.read("x") == b"x" * 1001


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (["a.png", "a.png", "A.PNG"], ["a.png", "a (2).png", "A (3).PNG"]),
        (["x", "x", "x (2)"], ["x", "x (2)", "x (2) (2)"]),
        (["../../etc/passwd", "C:\\windows\\x.dll"], ["passwd", "x.dll"]),
        (["", "..", "/", "a/"], ["file", "file (2)", "file (3)", "file (4)"]),
        (
            ['a<b>:"|?*.png', "nul\0.png", "\u202egnp.exe"],
            ["a_b______.png", "nul_.png", "_gnp.exe"],
        ),
        (["x" * 300 + ".png"], ["x" * 196 + ".png"]),
    ],
    ids=["twice", "numbered", "elsewhere", "none", "unsafe", "long"],
)
def test_names_unpack_everywhere(wanted: list[str], given: list[str]) -> None:
    assert names(wanted) == given
