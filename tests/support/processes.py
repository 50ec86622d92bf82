"""Hub and agent as a user runs them: real processes, killed by pid."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from attrs import define, field

from tests.support.waiting import wait_until

LISTENING = re.compile(r"^emp-hub listening on (http://\S+)$", re.MULTILINE)


@define(eq=False)
class Program:
    """One process of ours; its output goes to `log`."""

    log: Path
    popen: subprocess.Popen[bytes] = field()

    @classmethod
    def start(cls, log: Path, *command: str, env: Mapping[str, str]) -> "Program":
        """Start `python -m` with these words."""
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=os.environ | dict(env),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return cls(log, popen)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.popen.kill()
        self.popen.wait(30)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(30)

    def text(self) -> str:
        """All that it has printed, and those before it with the same log."""
        return self.log.read_text()


async def start_hub(data_dir: Path, port: int = 0, **env: str) -> tuple[Program, str]:
    """A hub on loopback, and its URL once it listens."""
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / f"hub-{len(list(data_dir.glob('hub-*.log')))}.log"
    settings = {
        "HUB_HOST": "127.0.0.1",
        "HUB_PORT": str(port),
        "HUB_DATA_DIR": str(data_dir),
        "HUB_LEASE_S": "3",
        "HUB_HEARTBEAT_S": "0.5",
        "HUB_GRACE_S": "1",
        "HUB_RETRY_FIRST_S": "0.1",
    }
    hub = Program.start(log, "hub", "serve", env=settings | env)
    await wait_until(lambda: LISTENING.search(hub.text()) or hub.popen.poll() is not None, 30)
    found = LISTENING.search(hub.text())
    assert found, hub.text()
    return hub, found[1]


def start_agent(data_dir: Path, url: str, worker_id: str, **env: str) -> Program:
    """An agent with the simulation connector that never fails by chance."""
    settings = {
        "HUB_URL": url,
        "WORKER_ID": worker_id,
        "WORKER_CONNECTORS": "simulation",
        "WORKER_SIMULATION_FAILURE_RATE": "0",
        "WORKER_SIMULATION_PROCESSING_TIME": "1",
        "WORKER_DRAIN_S": "5",
        "WORKER_STATE_DIR": str(data_dir / "state" / worker_id),
    }
    log = data_dir / f"{worker_id}.log"
    return Program.start(log, "agent", "run", env=settings | env)
