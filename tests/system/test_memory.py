"""A large file goes through hub and agent, and neither holds it in memory."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engines.graphs import PREFIX, node
from tests.support.comfyui import comfyui
from tests.support.memory import Watch
from tests.system.conftest import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

PIECES = 200  # of a MiB
MOST_KB = 32 * 1024
CONNECTOR = Path(__file__).with_name("large_files.py")


async def digest(url: str) -> str:
    """Of what is at `url`."""
    found = hashlib.sha256()
    async with httpx.AsyncClient(timeout=60) as client, client.stream("GET", url) as answer:
        assert answer.status_code == 200
        async for chunk in answer.aiter_raw():
            found.update(chunk)
    return found.hexdigest()


async def test_200_mb_pass_in_less_than_32_mb(site: Site) -> None:
    agent = await site.start_agent(WORKER_CONNECTOR=str(CONNECTOR))
    small = await site.submit(type="large", payload={"pieces": 1})
    await site.reaches(small, "completed")
    watches = {"hub": Watch(site.hub), "agent": Watch(agent)}

    large = await site.submit(type="large", payload={"pieces": PIECES})
    job = await site.reaches(large, "completed", "failed")
    (file,) = job["result"]["files"]
    assert file["size_bytes"] == PIECES * 1024 * 1024
    assert await digest(f"{site.url}{file['url']}") == file["sha256"]
    await digest(f"{site.url}/jobs/{large}/artifacts.zip")

    _judge(watches)


def _judge(watches: dict[str, Watch]) -> None:
    grown = {name: watch.grown_kb() for name, watch in watches.items()}
    print(f"{os.environ['PYTEST_CURRENT_TEST']}: {grown}")  # noqa: T201 - the figures
    assert all(each < MOST_KB for each in grown.values()), grown


async def make_video(path: Path, size_bytes: int) -> None:
    """Noise; for a real ComfyUI as H.264, for which it takes ffmpeg."""
    if "COMFYUI_URL" not in os.environ:
        path.write_bytes(os.urandom(size_bytes))
        return
    noise = "color=gray:s=1280x720:r=25,noise=alls=100:allf=t"
    as_it_is = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-pix_fmt", "yuv420p"]
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", noise, *as_it_is]
    ffmpeg = await asyncio.create_subprocess_exec(*command, "-fs", str(size_bytes), str(path))
    assert await ffmpeg.wait() == 0


async def pieces(path: Path) -> AsyncGenerator[bytes]:
    """The file, for an upload that does not hold it either."""
    with path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            yield piece


async def through_comfyui(site: Site, path: Path) -> tuple[int, dict[str, Any]]:
    """Upload the video, have ComfyUI load and save it; its size, and the file of the result."""
    upload = await site.http.post(f"{site.url}/artifacts", content=pieces(path))
    given = {"name": "noise.mp4", "artifact": upload.json()["sha256"]}
    saver = node("SaveVideo", video=["1", 0], format="auto", codec="auto", **PREFIX)
    graph = {"1": node("LoadVideo", file="noise.mp4"), "9": saver}
    payload = {"workflow": graph, "inputs": [given]}
    job = await site.reaches(await site.submit(type="comfyui", payload=payload), "completed")
    (file,) = job["result"]["files"]
    return upload.json()["size_bytes"], file


async def test_a_video_of_200_mb_passes_through_comfyui_both_ways(
    site: Site, tmp_path: Path
) -> None:
    """The real one, at COMFYUI_URL, takes it with `--max-upload-size 300`."""
    async with comfyui() as far:
        far.takes(2 * PIECES * 1024 * 1024)
        agent = await site.start_agent(WORKER_CONNECTORS="comfyui", COMFYUI_URL=far.url)
        await make_video(tmp_path / "small.mp4", 1024 * 1024)
        await make_video(tmp_path / "large.mp4", PIECES * 1024 * 1024)
        await through_comfyui(site, tmp_path / "small.mp4")
        watches = {"hub": Watch(site.hub), "agent": Watch(agent)}

        size_bytes, file = await through_comfyui(site, tmp_path / "large.mp4")

        assert size_bytes > 0.9 * PIECES * 1024 * 1024
        assert file["size_bytes"] > 0.99 * size_bytes  # a real one writes the container anew
        assert file["filename"] == "tom_00001_.mp4"
        assert await digest(f"{site.url}{file['url']}") == file["sha256"]
    _judge(watches)
