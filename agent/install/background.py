"""The agent as a plain process, where nothing else keeps it: a pid file, and a log beside it."""

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from attrs import frozen

from agent.install.problem import InstallError
from agent.notice import VARIABLE

READY_S = 60
_LOOK_S = 0.2
_SHOWN = 20
_SAME_S = 1.0  # clocks of processes are not exact


@frozen
class Background:
    """The process whose pid file and log are in `state_dir`."""

    state_dir: Path

    @property
    def log(self) -> Path:
        """What it writes."""
        return self.state_dir / "agent.log"

    @property
    def _pid_file(self) -> Path:
        return self.state_dir / "agent.pid"

    def find(self) -> psutil.Process | None:
        """The process, if it runs."""
        try:
            pid, since = self._pid_file.read_text().split()
            process = psutil.Process(int(pid))
            # Another process may have got the number meanwhile.
            is_same = abs(process.create_time() - float(since)) < _SAME_S
        except (OSError, ValueError, psutil.Error):
            return None
        return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None

    def start(self, command: Sequence[str], environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start it, and wait until the hub has registered it. Raises `InstallError`."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        with (
            TemporaryDirectory(prefix="emp-agent-") as directory,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notice,
        ):
            notice.bind(address := f"{directory}/notice")
            notice.settimeout(_LOOK_S)
            with self.log.open("ab") as log:
                # It is to outlive us; nobody waits for it.
                process = subprocess.Popen(  # noqa: S603 - words of our own
                    command,
                    env={**environ, VARIABLE: address},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self._pid_file.write_text(
                f"{process.pid} {psutil.Process(process.pid).create_time()}\n"
            )
            self._wait(process, notice)
            return process

    def stop(self, patience_s: float) -> bool:
        """End it; whether it ran."""
        process = self.find()
        if process is not None:
            process.terminate()
            try:
                process.wait(patience_s)
            except psutil.TimeoutExpired:
                process.kill()
        self._pid_file.unlink(missing_ok=True)
        return process is not None

    def _wait(self, process: subprocess.Popen[bytes], notice: socket.socket) -> None:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            try:
                notice.recv(64)
            except TimeoutError:
                code = process.poll()
                if code is not None:
                    self._pid_file.unlink(missing_ok=True)
                    raise InstallError(f"it has ended with code {code}:\n{self._tail()}") from None
            else:
                return
        raise InstallError(f"it runs, but has not reached the hub in {READY_S} s:\n{self._tail()}")

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join([*lines[-_SHOWN:], f"(all of it: {self.log})"])


def background_environ(ours: Mapping[str, str], dropped: Sequence[str]) -> dict[str, str]:
    """Our environment for a process that is to unpack itself anew."""
    kept = {name: value for name, value in ours.items() if name not in dropped}
    return kept | {"PYINSTALLER_RESET_ENVIRONMENT": "1", "PATH": ours.get("PATH", os.defpath)}
