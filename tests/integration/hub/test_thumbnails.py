"""Small pictures of files, by the process that makes them."""

import asyncio
import shutil
import struct
import subprocess
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from hub.artifacts import thumbnail
from hub.artifacts.thumbnails import NoThumbnailError, Thumbnails
from tests.support.artifacts import handed_in
from tests.support.hubs import RunningHub

SHA256 = "a" * 64
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here")


def picture(form: str = "png", size: tuple[int, int] = (600, 300), mode: str = "RGB") -> bytes:
    content = BytesIO()
    Image.new(mode, size, "#00808040" if mode == "RGBA" else "teal").save(content, form)
    return content.getvalue()


def bomb(side: int) -> bytes:
    """A PNG that says it has `side` times `side` pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = b"\0\0\0\x0aIDAT" + zlib.compress(b"\0" * 99)
    return b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + head + struct.pack(">I", zlib.crc32(head)) + pixels


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "webp", "avif"])
async def test_a_picture_is_shown_small(hub: RunningHub, form: str) -> None:
    path = await handed_in(hub, picture(form))
    answer = await hub.rest.get(f"{path}/thumbnail", params={"size": 200})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["x-content-type-options"] == "nosniff"
    with Image.open(BytesIO(answer.content)) as small:
        assert small.size == (256, 128)


async def test_what_can_be_seen_through_stays_so(hub: RunningHub) -> None:
    path = await handed_in(hub, picture(mode="RGBA"))
    answer = await hub.rest.get(f"{path}/thumbnail")
    with Image.open(BytesIO(answer.content)) as small:
        assert small.mode == "RGBA"


async def test_it_is_made_once_and_goes_with_its_file(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await handed_in(hub, picture())
    answers = await asyncio.gather(*[hub.rest.get(f"{path}/thumbnail") for _ in range(3)])
    monkeypatch.delattr(Thumbnails, "_make")
    answers.append(await hub.rest.get(f"{path}/thumbnail"))
    assert len({answer.content for answer in answers}) == 1
    kept = hub.parts.artifacts.thumbnails.root
    assert len(list(kept.iterdir())) == 1
    await hub.parts.artifacts.remove(path.removeprefix("/artifacts/"))
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"words",
            "no thumbnail: the file is neither image nor video but application/octet-stream",
        ),
        (bomb(20_000), "no thumbnail: 20000 x 20000 pixels are more than 64 million"),
        (picture()[:80], "no thumbnail: not readable as PNG"),
        (b"\x89PNG\r\n\x1a\n<html>", "no thumbnail: not readable as PNG"),
        (b"OggS", "no thumbnail: the file is neither image nor video but audio/ogg"),
    ],
    ids=["text", "bomb", "cut", "forged", "sound"],
)
async def test_where_there_can_be_none_the_answer_says_why(
    hub: RunningHub, content: bytes, reason: str
) -> None:
    answer = await hub.rest.get(f"{await handed_in(hub, content)}/thumbnail")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith(reason)
    kept = hub.parts.artifacts.thumbnails.root
    assert not kept.exists() or list(kept.iterdir()) == []


@pytest.mark.parametrize("size", ["63", "1025", "x"])
async def test_sizes_have_bounds(hub: RunningHub, size: str) -> None:
    path = await handed_in(hub, picture())
    answer = await hub.rest.get(f"{path}/thumbnail", params={"size": size})
    assert answer.status_code == 400
    assert answer.json()["fields"][0]["field"] == "size"


async def test_of_a_file_that_is_not_here_there_is_none(hub: RunningHub) -> None:
    answer = await hub.rest.get(f"/artifacts/{SHA256}/thumbnail")
    assert (answer.status_code, answer.json()) == (404, {"error": "Artifact not found"})


async def test_a_maker_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(picture())
    thumbnails = Thumbnails(tmp_path / "small", time_s=0.001)
    with pytest.raises(NoThumbnailError, match=r"not made within 0\.001 s"):
        await thumbnails.of(tmp_path / "x.png", SHA256, "image/png", 256)
    assert list((tmp_path / "small").iterdir()) == []


def video(tmp_path: Path, form: str) -> Path:
    path = tmp_path / f"v.{form}"
    source = ("-f", "lavfi", "-i", "testsrc=size=320x160:rate=10:duration=1")
    subprocess.run(["ffmpeg", "-v", "error", *source, "-pix_fmt", "yuv420p", path], check=True)
    return path


@needs_ffmpeg
@pytest.mark.parametrize("form", ["mp4", "mov", "webm"])
async def test_a_video_has_a_poster(hub: RunningHub, tmp_path: Path, form: str) -> None:
    path = await handed_in(hub, video(tmp_path, form).read_bytes())
    answer = await hub.rest.get(f"{path}/thumbnail", params={"size": 128})
    assert answer.status_code == 200, answer.text
    with Image.open(BytesIO(answer.content)) as small:
        assert small.size == (128, 64)
    assert len(list(hub.parts.artifacts.thumbnails.root.iterdir())) == 1


@needs_ffmpeg
async def test_a_broken_video_has_none(hub: RunningHub) -> None:
    path = await handed_in(hub, b"\0\0\0\x20ftypisom" + b"\0" * 100)
    answer = await hub.rest.get(f"{path}/thumbnail")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("no thumbnail: ffmpeg: ")


async def test_without_ffmpeg_the_answer_says_so(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = await handed_in(hub, b"\0\0\0\x20ftypisom" + b"\0" * 100)
    answer = await hub.rest.get(f"{path}/thumbnail")
    told = "no thumbnail: posters of videos need ffmpeg, which this hub does not have"
    assert (answer.status_code, answer.json()) == (404, {"error": told})


def test_a_picture_that_lies_on_its_side_is_put_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn right
    Image.new("RGB", (300, 100)).save(tmp_path / "x.jpg", exif=exif)
    thumbnail.main(tmp_path / "x.jpg", "image/jpeg", 64, tmp_path / "x.webp")
    with Image.open(tmp_path / "x.webp") as small:
        assert small.height > small.width
