"""Small pictures of files that mean harm: what decodes them is held, and is ended with all it began."""

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hub.artifacts import thumbnail
from hub.artifacts.thumbnails import NoThumbnailError, Thumbnails
from tests.support.engines import is_running
from tests.support.room import gated
from tests.support.waiting import wait_until

SHA256 = "a" * 64
# Begins its frame, says how it was started, and ends only when it is ended.
STUCK = """#!{python}
import json, os, resource, signal, sys
with open(sys.argv[-1].removeprefix("file:"), "wb") as frame:
    frame.write(b"half")
limits = {{what: resource.getrlimit(what) for what in {limits}}}
told = {{"pids": [os.getpid(), os.getppid()], "words": sys.argv[1:], "limits": limits,
        "nice": os.nice(0)}}
with open({told!r} + ".new", "w") as file:
    json.dump(told, file)
os.replace({told!r} + ".new", {told!r})
signal.alarm(60)
signal.pause()
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an ffmpeg that gets stuck says how it was started."""
    where = tmp_path / "told.json"
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    script = STUCK.format(
        python=sys.executable, limits=[int(what) for what in thumbnail.LIMITS], told=str(where)
    )
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return where


async def started(thumbnails: Thumbnails, told: Path, kind: str) -> tuple[asyncio.Task[Path], Any]:
    """A poster that is being made, and how its ffmpeg was started."""
    source = told.with_name("v")
    making = asyncio.create_task(thumbnails.of(source, SHA256, kind, 64))
    await wait_until(lambda: told.exists() or making.done(), 20)
    assert not making.done(), making
    return making, json.loads(told.read_text())


async def ended(making: asyncio.Task[Path]) -> None:
    making.cancel()
    _, late = await asyncio.wait([making], timeout=10)
    assert not late, "its processes go on"
    assert making.cancelled()


@pytest.mark.parametrize(
    ("kind", "demuxer"),
    [("video/mp4", "mov"), ("video/quicktime", "mov"), ("video/webm", "matroska")],
)
async def test_a_decoder_is_held_and_ended_with_all_it_began(
    tmp_path: Path, told: Path, kind: str, demuxer: str
) -> None:
    thumbnails = Thumbnails(tmp_path / "small")
    making, facts = await started(thumbnails, told, kind)
    assert {int(what): most for what, most in facts["limits"].items()} == {
        resource.RLIMIT_AS: [2 * 1024**3] * 2,
        resource.RLIMIT_CPU: [20, 20],
        resource.RLIMIT_FSIZE: [64 * 1024**2] * 2,
        resource.RLIMIT_CORE: [0, 0],
    }
    assert facts["nice"] == min(os.nice(0) + 10, 19)
    opened = ["-protocol_whitelist", "file", "-f", demuxer, "-i", f"file:{tmp_path / 'v'}"]
    at = facts["words"].index(opened[0])
    assert facts["words"][at : at + len(opened)] == opened
    assert len(list(thumbnails.root.iterdir())) == 1
    await ended(making)
    await wait_until(lambda: not any(map(is_running, facts["pids"])))
    assert list(thumbnails.root.iterdir()) == []


async def test_two_sizes_of_one_video_at_once_do_not_meet(tmp_path: Path, told: Path) -> None:
    thumbnails = Thumbnails(tmp_path / "small")
    first, one = await started(thumbnails, told, "video/mp4")
    told.unlink()
    second, other = await started(thumbnails, told, "video/mp4")
    assert one["words"][-1] != other["words"][-1]
    await ended(first)
    await ended(second)


async def test_a_decoder_that_hangs_is_ended_in_time(
    tmp_path: Path, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thumbnails = Thumbnails(tmp_path / "small", time_s=0.1)
    gate = gated(monkeypatch, Thumbnails, "_finished")  # its time begins when it hangs
    making, facts = await started(thumbnails, told, "video/mp4")
    gate.is_open.set()
    with pytest.raises(NoThumbnailError, match=r"not made within 0\.1 s"):
        await asyncio.wait_for(making, 15)
    await wait_until(lambda: not any(map(is_running, facts["pids"])))
    assert list(thumbnails.root.iterdir()) == []


@pytest.mark.parametrize("kind", thumbnail.FORMATS)
def test_a_picture_is_read_as_what_it_was_taken_for_and_as_nothing_else(
    tmp_path: Path, kind: str
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "x", "TIFF")
    with pytest.raises(
        thumbnail.UnreadableError, match=f"not readable as {thumbnail.FORMATS[kind]}"
    ):
        thumbnail.main(tmp_path / "x", kind, 64, tmp_path / "x.webp")
    assert not (tmp_path / "x.webp").exists()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here")
@pytest.mark.parametrize("kind", thumbnail.DEMUXERS)
def test_a_list_of_other_files_is_no_video(tmp_path: Path, kind: str) -> None:
    source = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=1")
    subprocess.run(["ffmpeg", "-v", "error", *source, tmp_path / "secret.mp4"], check=True)
    (tmp_path / "x").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    with pytest.raises(thumbnail.UnreadableError, match="ffmpeg: "):
        thumbnail.main(tmp_path / "x", kind, 64, tmp_path / "x.webp")
    assert not (tmp_path / "x.webp").exists()
