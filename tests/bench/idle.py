"""What idleness costs: a hub with many connected workers, and an agent without a job."""

import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from attrs import frozen

from tests.bench.ours.front import HUB
from tests.bench.peers.processes import Child, started

AGENT = (sys.executable, "-m", "agent", "run")
FLEET = (sys.executable, "-m", "tests.bench.fleet")
_KB = 1024


@frozen
class Idle:
    """Of a hub with its store, and of one agent, while nothing is submitted. CPU in % of a core."""

    workers: int
    heartbeat_s: float
    hub_kb_per_connection: float
    hub_cpu_percent: float
    store_cpu_percent: float
    agent_rss_mb: float
    agent_cpu_percent: float


async def idle(workers: int, for_s: float, heartbeat_s: float) -> Idle:
    """Measure for `for_s` seconds, which should span some heartbeats."""
    raise_open_files(workers)
    lease_s = 3 * heartbeat_s
    asked = ("--hub-heartbeat-s", str(heartbeat_s), "--hub-lease-s", str(lease_s))
    with TemporaryDirectory(prefix="emp-bench-") as folder:
        async with started(*HUB, "--hub-data-dir", str(Path(folder)), *asked) as hub:
            url = (await hub.line()).split()[-1]
            process = psutil.Process(hub.process.pid)
            before_b = process.memory_info().rss
            async with (
                started(*FLEET, url, str(workers)) as fleet,
                started(*AGENT, HUB_URL=url) as agent,
            ):
                await fleet.line()
                per_connection_b = (process.memory_info().rss - before_b) / workers
                figures = await _watched(process, agent, for_s)
                return Idle(workers, heartbeat_s, round(per_connection_b / _KB, 1), *figures)


def raise_open_files(connections: int) -> None:
    """Let processes that are started have a file for each connection. Raises `ValueError`."""
    wanted = connections + 1_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))


async def _watched(
    hub: psutil.Process, agent: Child, for_s: float
) -> tuple[float, float, float, float]:
    (store,) = hub.children()
    watched = (hub, store, psutil.Process(agent.process.pid))
    hub_percent, store_percent, agent_percent = await cpu_percent(watched, for_s)
    agent_mb = round(watched[2].memory_info().rss / _KB**2, 1)
    return hub_percent, store_percent, agent_mb, agent_percent


async def cpu_percent(processes: Sequence[psutil.Process], for_s: float) -> list[float]:
    """What each process takes of a core while `for_s` seconds pass."""
    begun, before_s = time.monotonic(), [_cpu_s(each) for each in processes]
    await asyncio.sleep(for_s)
    took_s = time.monotonic() - begun
    return [
        round(100 * (_cpu_s(each) - earlier_s) / took_s, 2)
        for each, earlier_s in zip(processes, before_s, strict=True)
    ]


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    print(asyncio.run(idle(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))))  # noqa: T201 - for people
