"""The agent under a real PM2: started, started again when it is killed, left alone when it is done."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.frozen.test_binary import BINARY
from tests.support.installs import STAND_IN, Box
from tests.support.tree import ROOT
from tests.support.waiting import wait_until
from tests.system.conftest import Site

FETCHED = ROOT / "build" / "pm2" / "node_modules" / ".bin" / "pm2"
PM2 = str(FETCHED) if FETCHED.exists() else shutil.which("pm2")

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(120),
    pytest.mark.skipif(PM2 is None, reason="no pm2 here: make pm2 fetches it"),
]

QUICK = ("--worker-id box", "--simulation-failure-rate 0", "--simulation-processing-time-s 0.1")
WITNESS = {"name": "witness", "script": "/bin/false", "interpreter": "none", "restart_delay": 5000}


@pytest.fixture(
    params=[STAND_IN, pytest.param(BINARY, marks=pytest.mark.frozen)], ids=["", "binary"]
)
async def box(site: Site, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Box]:
    """A machine that PM2 keeps at work: one process, or the two of the binary."""
    assert PM2 is not None
    with TemporaryDirectory(prefix="emp-pm2-") as home:  # its sockets need a short path
        path = f"{Path(PM2).parent}:{os.environ['PATH']}"
        box = Box(site, tmp_path, {"PATH": path, "PM2_HOME": home})
        box.hand_out(request.param)
        try:
            code, said = box.paste(await box.line(), "--pm2", *QUICK)
            assert (code, "started by pm2" in said) == (0, True), said
            await wait_until(lambda: site.has_worker("box"), 20)
            yield box
        finally:
            pm2(box, "kill")


def pm2(box: Box, *words: str) -> str:
    done = subprocess.run(
        [PM2 or "", *words], env=box.environ, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def kept(box: Box, name: str = "emp-agent") -> dict[str, Any] | None:
    """What PM2 says of it: its pid, and `pm2_env`."""
    apps: list[dict[str, Any]] = json.loads(pm2(box, "jlist"))
    return next((app for app in apps if app["name"] == name), None)


def restarts(box: Box, name: str = "emp-agent") -> int:
    app = kept(box, name)
    assert app is not None
    return app["pm2_env"]["restart_time"]


async def test_pm2_starts_a_killed_agent_again_until_it_is_uninstalled(box: Box) -> None:
    await box.site.reaches(await box.site.submit(), "completed")
    app = kept(box)
    assert app is not None
    os.kill(app["pid"], signal.SIGKILL)
    await wait_until(lambda: restarts(box) == 1, 30)
    await box.site.reaches(await box.site.submit(), "completed")
    code, said = box.ask("status", "--config", str(box.home / ".emp-agent" / "agent.toml"))
    assert (code, "box" in said) == (0, True), said

    job_id = await box.site.submit(payload={"simulation": {"processing_time_s": 2}})
    await box.site.reaches(job_id, "assigned", "in_progress", "completed")
    code, said = box.ask("uninstall")
    assert (code, "the agent has ended" in said) == (0, True), said
    assert (await box.site.job(job_id))["status"] == "completed"
    assert kept(box) is None
    assert not (box.home / ".emp-agent" / "credential.json").exists()


async def test_an_agent_that_was_told_to_end_is_left_alone(box: Box) -> None:
    code, said = box.ask("drain")
    assert code == 0, said
    await wait_until(lambda: (kept(box) or {})["pm2_env"].get("exit_code") == 10, 30)
    witness = box.home / "witness.config.cjs"
    witness.write_text(f"module.exports = {json.dumps({'apps': [WITNESS]})}")
    pm2(box, "start", str(witness))
    # It fails after our agent has ended, and waits as long: then ours would run, too.
    await wait_until(lambda: restarts(box, "witness") > 0, 30)
    assert restarts(box) == 0
