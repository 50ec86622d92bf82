"""A disk that is slow is told with its speed and what helps, and may work; one that is full may not."""

import asyncio
import os
import subprocess
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Generator
from pathlib import Path

import pytest

from agent.preflight import disk
from agent.settings import AgentSettings
from tests.fakes.hub import FakeHub

THROTTLES = Path("/sys/fs/cgroup/blkio")
LIMIT_MB_S, PROBE_MB = 6, 8


@pytest.fixture
def slow(tmp_path: Path) -> Generator[Path]:
    """A group of processes that the kernel lets write slowly to the disk of the test's folder."""
    device = tmp_path.stat().st_dev
    group = THROTTLES / f"emp-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as problem:
        pytest.skip(f"no disk can be made slow here: {problem}")
    try:
        limit = f"{os.major(device)}:{os.minor(device)} {LIMIT_MB_S * 10**6}"
        try:
            (group / "blkio.throttle.write_bps_device").write_text(limit)
        except OSError as problem:
            pytest.skip(f"this disk cannot be made slow: {problem}")
        yield group
    finally:
        group.rmdir()


async def test_doctor_measures_a_slow_disk(hub: FakeHub, slow: Path, tmp_path: Path) -> None:
    join = f'echo $$ >{slow / "cgroup.procs"} && exec "$@"'
    began = time.monotonic()
    doctor = await asyncio.create_subprocess_exec(
        *("sh", "-c", join, "sh", sys.executable, "-m", "agent", "doctor", "--hub-url", hub.url),
        env=os.environ | {"WORKER_STATE_DIR": str(tmp_path / "state")},
        stdout=PIPE,
    )
    said = (await doctor.communicate())[0].decode()
    least = PROBE_MB / (time.monotonic() - began)
    assert (doctor.returncode, said.splitlines()[-1]) == (0, "fit for work"), said
    (line,) = (line for line in said.splitlines() if "disk speed" in line)
    measured = float(line.removeprefix("  warn  disk speed: ").partition(" MB/s at ")[0])
    assert round(least) <= measured < LIMIT_MB_S * 1.5, said  # others may write there meanwhile
    assert "put WORKER_STATE_DIR and the models on a local SSD" in said


@pytest.fixture
def full(tmp_path: Path) -> Generator[Path]:
    """A folder on a disk with less room than what is written to measure it."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_really_full_is_told(full: Path) -> None:
    (found,) = disk.disk_findings(AgentSettings(state_dir=full))
    assert found.problem == f"{full} cannot be written: No space left on device"
    assert "make room" in found.remedy
    assert found.blocks


@pytest.mark.parametrize(("took_s", "problem"), [(4.0, "2 MB/s at "), (0.25, None)])
def test_the_speed_is_that_of_the_disk_and_not_of_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, took_s: float, problem: str | None
) -> None:
    """On any machine: the time that passes while the system writes to the disk is what counts."""
    clock = [0.0]

    def written(_: int) -> None:
        clock[0] += took_s

    monkeypatch.setattr(disk.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(disk.os, "fsync", written)
    (speed,) = (
        each
        for each in disk.disk_findings(AgentSettings(state_dir=tmp_path))
        if each.name == "disk speed"
    )
    assert speed.problem == (problem and f"{problem}{tmp_path}")
    assert speed.detail == f"{8 / took_s:.0f} MB/s"
    assert not speed.blocks
