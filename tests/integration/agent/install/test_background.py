"""The agent as a plain process: found by its pid file, and ended whatever it does."""

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.install import background as backgrounds
from agent.install.background import Background, background_environ
from agent.install.problem import InstallError

READY = """
import os, socket, time
line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
line.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
time.sleep(600)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY
ENVIRON = background_environ({"PATH": "/usr/bin:/bin", "TOKEN": "x"}, ("TOKEN",))


@pytest.fixture
def background(tmp_path: Path) -> Generator[Background]:
    background = Background(tmp_path / "state")
    yield background
    if (process := background.find()) is not None:
        process.kill()


def program(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


def test_it_runs_from_ready_to_stop(background: Background) -> None:
    started = background.start(program(READY), ENVIRON)
    process = background.find()
    assert process is not None
    assert process.pid == started.pid
    assert "TOKEN" not in process.environ()
    assert background.stop(10)
    started.wait(10)
    assert background.find() is None
    assert not background.stop(10)


def test_one_that_does_not_hear_is_killed(background: Background) -> None:
    started = background.start(program(STUBBORN), ENVIRON)
    assert background.stop(0.2)
    started.wait(10)
    assert background.find() is None


def test_one_that_ends_at_once_is_told_with_its_words(background: Background) -> None:
    with pytest.raises(InstallError, match=r"ended with code 3:\nout of luck\n\(all of it: "):
        background.start(program("print('out of luck'); raise SystemExit(3)"), ENVIRON)
    assert background.find() is None


def test_one_that_never_gets_ready_is_told_and_goes_on(
    background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backgrounds, "READY_S", 0.3)
    started: list[subprocess.Popen[bytes]] = []
    popen: Any = subprocess.Popen

    def noted(*given: Any, **named: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*given, **named))
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", noted)
    with pytest.raises(InstallError, match="has not reached the hub"):
        background.start(program("import time; time.sleep(600)"), ENVIRON)
    assert background.find() is not None
    started[0].kill()
    started[0].wait(10)


@pytest.mark.parametrize("text", ["", "nonsense", "1 2 3", "0 0", "4194304 0"])
def test_a_pid_file_that_names_nobody_of_ours_finds_nobody(
    background: Background, text: str
) -> None:
    background.state_dir.mkdir()
    (background.state_dir / "agent.pid").write_text(text)
    assert background.find() is None
    assert not background.stop(1)


def test_a_number_that_another_process_has_got_is_left_alone(background: Background) -> None:
    background.state_dir.mkdir()
    ours = psutil.Process()
    (background.state_dir / "agent.pid").write_text(f"{ours.pid} {ours.create_time() - 100}")
    assert background.find() is None
    assert not background.stop(1)
