"""What idleness costs: a hub with many connected workers, and an agent without a job."""

import asyncio
import os
import sys
import time
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
    hub_kb_per_connection: float
    hub_cpu_percent: float
    store_cpu_percent: float
    agent_rss_mb: float
    agent_cpu_percent: float


async def idle(workers: int, for_s: float) -> Idle:
    """Measure for `for_s` seconds, which should span some heartbeats."""
    with TemporaryDirectory(prefix="emp-bench-") as folder:
        async with started(*HUB, "--hub-data-dir", str(Path(folder))) as hub:
            url = (await hub.line()).split()[-1]
            process = psutil.Process(hub.process.pid)
            before_b = process.memory_info().rss
            os.environ["HUB_URL"] = url
            async with started(*FLEET, url, str(workers)) as fleet, started(*AGENT) as agent:
                await fleet.line()
                per_connection_b = (process.memory_info().rss - before_b) / workers
                return await _watched(process, agent, workers, per_connection_b, for_s)


async def _watched(
    hub: psutil.Process, agent: Child, workers: int, per_connection_b: float, for_s: float
) -> Idle:
    (store,) = hub.children()
    watched = (hub, store, psutil.Process(agent.process.pid))
    shares = await _cpu_percent(watched, for_s)
    return Idle(
        workers=workers,
        hub_kb_per_connection=round(per_connection_b / _KB, 1),
        hub_cpu_percent=shares[0],
        store_cpu_percent=shares[1],
        agent_rss_mb=round(watched[2].memory_info().rss / _KB**2, 1),
        agent_cpu_percent=shares[2],
    )


async def _cpu_percent(processes: tuple[psutil.Process, ...], for_s: float) -> list[float]:
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
