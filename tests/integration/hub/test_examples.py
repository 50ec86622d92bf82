"""The workers in `examples/`: strangers to this code that register, take and complete jobs."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from tests.support.hubs import RunningHub
from tests.support.tree import ROOT

EXAMPLES = ROOT / "examples"
PATIENCE_S = 50


async def takes_jobs(hub: RunningHub, *command: str, cwd: Path) -> None:
    """Two jobs, one after the other, go through the worker."""
    ids = [await hub.submit(payload={"n": number}) for number in range(2)]
    environ = os.environ | {"HUB_URL": hub.url.replace("http", "ws"), "WORKER_ID": "stranger"}
    worker = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=environ, stdout=PIPE, stderr=STDOUT
    )
    try:
        assert worker.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            lines = [(await worker.stdout.readline()).decode().strip() for _ in ids]
        assert lines == [f"completed {job_id}" for job_id in ids]
    finally:
        worker.kill()
        await worker.wait()
    for number, job_id in enumerate(ids):
        job = await hub.job(job_id)
        assert (job["status"], job["worker_id"]) == ("completed", "stranger")
        assert job["result"] == {"echo": {"n": number}}


async def test_a_worker_of_sixty_lines_in_python(hub: RunningHub, tmp_path: Path) -> None:
    assert len((EXAMPLES / "minimal_worker.py").read_text().splitlines()) <= 60
    await takes_jobs(hub, sys.executable, str(EXAMPLES / "minimal_worker.py"), cwd=tmp_path)


async def test_a_worker_of_sixty_lines_in_node(hub: RunningHub, tmp_path: Path) -> None:
    assert len((EXAMPLES / "minimal_worker.mjs").read_text().splitlines()) <= 60
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("node and npm are not here")
    shutil.copy(EXAMPLES / "minimal_worker.mjs", tmp_path)
    installing = await asyncio.create_subprocess_exec(
        npm, "install", "--no-audit", "--no-fund", "ws@8", cwd=tmp_path, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await installing.communicate()
    if installing.returncode:
        pytest.skip(f"npm cannot install ws: {said.decode()[-200:]}")
    await takes_jobs(hub, node, "minimal_worker.mjs", cwd=tmp_path)
