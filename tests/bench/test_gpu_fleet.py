"""What 24 idle workers cost: three agents with eight GPUs each, of the stand-in NVML, and their hub.

pytest -m bench -s tests/bench/test_gpu_fleet.py
"""

import sys
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from tests.bench.idle import AGENT, cpu_percent
from tests.bench.ours.front import HUB
from tests.bench.peers.processes import started
from tests.fakes.nvml import presets
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.bench, pytest.mark.timeout(180)]

AGENTS, GPUS = 3, 8
FOR_S = 40.0  # four heartbeats
HALF_A_CORE = 50.0  # per cent


async def test_idle_workers_of_24_gpus_stay_under_half_a_core(tmp_path: Path) -> None:
    seen = presets.environ(
        presets.build(tmp_path), presets.write(presets.eight_h100(), tmp_path / "machine.json")
    )
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(started(*HUB, "--hub-data-dir", str(tmp_path)))
        url = (await hub.line()).split()[-1]
        quiet = {"HUB_URL": url, "LOG_LEVEL": "warning", "WORKER_STATE_DIR": str(tmp_path)}
        agents = [
            await stack.enter_async_context(
                started(*AGENT, "--worker-id", f"m{number}", **seen, **quiet)
            )
            for number in range(AGENTS)
        ]
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url))

        async def are_idle() -> bool:
            workers = (await http.get("/workers")).json()["workers"]
            return [each["status"] for each in workers] == ["idle"] * AGENTS * GPUS

        await wait_until(are_idle, 60)
        serving = psutil.Process(hub.process.pid)
        (store,) = serving.children()
        processes = [psutil.Process(each.process.pid) for each in agents]
        percent = await cpu_percent([serving, store, *processes], FOR_S)
    sys.stdout.write(
        f"\n{AGENTS * GPUS} idle workers, % of a core: hub {percent[0]}, its store {percent[1]}, "
        f"agents {', '.join(map(str, percent[2:]))}; {sum(percent):.1f} in all\n"
    )
    assert sum(percent) < HALF_A_CORE
