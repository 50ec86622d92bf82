"""How soon the agent's binary is a registered worker, and what it holds then.

make agent && pytest -m bench -s tests/bench/test_binary_start.py
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil
import pytest
from attrs import frozen

from tests.support.waiting import wait_until
from tests.system.conftest import Site

BINARY = Path("dist/emp-agent").resolve()
pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not BINARY.exists(), reason="no binary here: make agent"),
]

STARTS = 7
REGISTERED_S, RESIDENT_MB = 1.5, 50.0


@frozen
class Start:
    """One start of the binary, with the process that unpacks it."""

    registered_s: float
    cpu_s: float
    resident_mb: float


async def test_the_binary_is_soon_a_worker_and_small() -> None:
    with TemporaryDirectory(prefix="emp-") as folder:
        site = Site(Path(folder))
        await site.start_hub()
        try:
            starts = [await _start(site, f"start-{number}") for number in range(STARTS)]
        finally:
            site.stop()
            await site.http.aclose()
    registered_s = median(each.registered_s for each in starts)
    resident_mb = median(each.resident_mb for each in starts)
    sys.stdout.write(
        f"\nregistered after {registered_s:.2f} s (slowest {max(each.registered_s for each in starts):.2f}), "
        f"{median(each.cpu_s for each in starts):.2f} s of CPU, {resident_mb:.1f} MB resident\n"
    )
    assert registered_s <= REGISTERED_S
    assert resident_mb <= RESIDENT_MB


async def _start(site: Site, worker_id: str) -> Start:
    environ = os.environ | {
        "HUB_URL": site.url,
        "WORKER_ID": worker_id,
        "WORKER_STATE_DIR": str(site.data_dir),
        "WORKER_CONNECTORS": "simulation",
        "LOG_LEVEL": "warning",
    }
    begun_s = time.monotonic()
    with subprocess.Popen([BINARY, "run"], env=environ) as agent:
        try:
            await wait_until(lambda: site.has_worker(worker_id), 30)
            registered_s = time.monotonic() - begun_s
            unpacker = psutil.Process(agent.pid)
            family = [unpacker, *unpacker.children(recursive=True)]
            times = [each.cpu_times() for each in family]
            return Start(
                registered_s,
                sum(each.user + each.system for each in times),
                sum(each.memory_info().rss for each in family) / 2**20,
            )
        finally:
            agent.terminate()
