"""The agent's binary, as `make agent` has built it, against a real hub."""

import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from agent.single_file import MARK
from tests.support.waiting import wait_until
from tests.system.conftest import Site

pytestmark = pytest.mark.frozen

BINARY = Path("dist/emp-agent").resolve()
LARGEST_BYTES = 20 * 1024 * 1024


def test_it_is_one_small_file() -> None:
    assert BINARY.stat().st_size <= LARGEST_BYTES


def test_it_needs_no_python_and_tells_its_version() -> None:
    told = subprocess.run([BINARY, "--version"], env={}, capture_output=True, text=True, check=True)
    assert told.stdout == "0.1.0\n"


async def test_it_runs_a_workflow_and_hands_the_picture_in() -> None:
    with TemporaryDirectory(prefix="emp-") as data_dir:
        site = Site(Path(data_dir))
        await site.start_hub()
        env = os.environ | {
            "HUB_URL": site.url,
            "WORKER_ID": "frozen",
            "WORKER_STATE_DIR": data_dir,
            "WORKER_SIMULATION_FAILURE_RATE": "0",
            "WORKER_SIMULATION_PROCESSING_TIME": "0.5",
        }
        with subprocess.Popen([BINARY, "run"], env=env) as agent:
            try:
                workflow = Path("examples/txt2img.json").read_text()
                job_id = await site.submit(payload={"workflow": json.loads(workflow)})
                job = await site.reaches(job_id, "completed")
                file = job["result"]["files"][0]
                picture = await site.http.get(f"{site.url}{file['url']}")
                assert picture.content.startswith(b"\x89PNG")
                assert len(picture.content) == file["size_bytes"]
                assert "emp-agent" in await _page(Path(data_dir) / "frozen.page")
                agent.terminate()
                assert agent.wait(30) == 0
            finally:
                agent.kill()
                site.stop()
                await site.http.aclose()


async def test_what_a_killed_one_has_unpacked_is_removed_by_the_next(tmp_path: Path) -> None:
    first = await _unpacked_by_a_killed_one(tmp_path, "first")
    assert first.exists()
    second = await _unpacked_by_a_killed_one(tmp_path, "second")
    assert (first.exists(), second.exists()) == (False, True)


async def _unpacked_by_a_killed_one(tmp_path: Path, name: str) -> Path:
    """Start an agent, wait until it has cleared up, and kill it."""
    env = os.environ | {"TMPDIR": str(tmp_path), "HUB_URL": "http://127.0.0.1:9"}
    command = [BINARY, "run", "--state-dir", tmp_path / "state", "--worker-id", name]
    with subprocess.Popen(command, env=env) as agent:
        try:
            await wait_until((tmp_path / "state" / f"{name}.sock").exists, 30)
            marks = sorted(tmp_path.glob(f"_MEI*/{MARK}"), key=lambda each: each.stat().st_ctime)
        finally:
            agent.kill()
    return marks[-1].parent


async def _page(link: Path) -> str:
    """The status page and its script, as the binary serves them."""
    async with httpx.AsyncClient(follow_redirects=True) as browser:
        page = await browser.get(link.read_text().strip())
        script = await browser.get(page.url.join("/page.js"))
        return page.raise_for_status().text + script.raise_for_status().text
