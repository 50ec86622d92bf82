"""Saving result files."""

from hashlib import sha256
from pathlib import Path

import pytest

from hub.demo.client import HubClient
from hub.demo.files import save_file
from tests.fakes.rest_hub import JOB_ID, RestHub, serving


async def _save(directory: Path, filename: str, content: bytes) -> Path:
    async with serving(RestHub(files={filename: content})) as hub:
        client = HubClient.at(hub.url)
        async with client.http:
            (file,) = (await client.finished(JOB_ID)).files
            return await save_file(client, file, directory)


async def test_a_file_is_saved_under_its_name_in_a_directory_made_for_it(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    path = await _save(out, "a.png", b"A")
    assert path == out / "a.png"
    assert path.read_bytes() == b"A"
    assert list(out.iterdir()) == [path]


async def test_an_equal_file_is_used_again(tmp_path: Path) -> None:
    first = await _save(tmp_path, "a.png", b"A")
    assert await _save(tmp_path, "a.png", b"A") == first
    assert list(tmp_path.iterdir()) == [first]


async def test_a_different_file_of_that_name_stays_and_the_new_one_gets_a_number(
    tmp_path: Path,
) -> None:
    paths = [await _save(tmp_path, "a.png", content) for content in (b"A", b"B", b"C", b"B")]
    assert [path.name for path in paths] == ["a.png", "a-2.png", "a-3.png", "a-2.png"]
    assert [path.read_bytes() for path in paths] == [b"A", b"B", b"C", b"B"]


async def test_a_directory_of_that_name_is_no_place_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    assert (await _save(tmp_path, "a.png", b"A")).name == "a-2.png"


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("../../a.png", "a.png"),
        ("/etc/passwd", "passwd"),
        ("C:\\temp\\a.png", "a.png"),
        ("a\x00\x1bb.png", "a__b.png"),
        ("..", sha256(b"A").hexdigest()),
        ("", sha256(b"A").hexdigest()),
    ],
)
async def test_no_name_leads_out_of_the_directory(tmp_path: Path, filename: str, name: str) -> None:
    assert await _save(tmp_path, filename, b"A") == tmp_path / name
