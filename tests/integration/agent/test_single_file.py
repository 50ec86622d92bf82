"""The process that works ends with the one that has unpacked it."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from agent.single_file import MARK, clear_up
from tests.support.tree import ROOT

WORKS = """
import sys, time
sys.frozen = True
from agent.single_file import end_with_unpacker
end_with_unpacker()
print("works", flush=True)
time.sleep(600)
"""
UNPACKS = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {WORKS!r}], check=False)
"""


RUNS = """
import sys, time
sys._MEIPASS = sys.argv[1]
from agent.single_file import clear_up
clear_up()
print("runs", flush=True)
time.sleep(600)
"""


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where agents unpack themselves; this process has unpacked itself as `_MEIours`."""
    (tmp_path / "_MEIours").mkdir()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "_MEIours"), raising=False)
    return tmp_path


def test_what_a_killed_agent_has_unpacked_is_removed_and_nothing_else(unpacked: Path) -> None:
    theirs = unpacked / "_MEItheirs"
    theirs.mkdir()
    (theirs / "libpython").write_text("large")
    (unpacked / "_MEIforeign").mkdir()
    (unpacked / "other").mkdir()
    (unpacked / "other" / MARK).touch()
    (unpacked / "_MEIlink").symlink_to(unpacked / "other")
    rest = {"_MEIours", "_MEIforeign", "_MEIlink", "other"}
    with subprocess.Popen(
        [sys.executable, "-c", RUNS, theirs], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == "runs\n"
        clear_up()
        assert {each.name for each in unpacked.iterdir()} == rest | {"_MEItheirs"}
        agent.kill()
    clear_up()
    assert {each.name for each in unpacked.iterdir()} == rest


def test_what_cannot_be_cleared_up_is_told_and_does_not_matter(
    unpacked: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (unpacked / "_MEIours").rmdir()
    clear_up()
    assert "not cleared up" in caplog.text


def test_nothing_outlives_a_killed_unpacker() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", UNPACKS], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as unpacker:
        assert unpacker.stdout is not None
        assert unpacker.stdout.readline() == "works\n"
        (worker,) = psutil.Process(unpacker.pid).children()
        unpacker.kill()
        gone, _ = psutil.wait_procs([worker], 10)
        assert gone


def test_what_comes_too_late_ends_at_once() -> None:
    shell = f"'{sys.executable}' -c '{WORKS.replace(chr(39), '')}'; echo $?"
    done = subprocess.run(
        ["sh", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout == f"{128 + signal.SIGKILL}\n"
