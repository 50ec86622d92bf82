import os
import signal
import sys
from collections.abc import AsyncGenerator
from importlib.metadata import version
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.bench.peers import processes
from tests.bench.peers.figures import Percentiles
from tests.bench.peers.measure import Load, measure
from tests.bench.peers.processes import SideEndedError, started
from tests.bench.peers.server import Aof, Server, running
from tests.bench.peers.sides import Side

pytestmark = pytest.mark.redis

LIST = (sys.executable, str(Path(__file__).parent / "scripts/list_peer.py"))
SMALL = Load(pickups=5, jobs=20)


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with running("off") as server:
        yield server


async def test_a_side_is_measured_in_full(server: Server) -> None:
    figures = await measure(Side("list", LIST), server, SMALL)

    assert (figures.peer, figures.version) == ("list", version("redis"))
    assert figures.server.startswith("valkey ")
    assert figures.server.endswith(" aof=off")
    assert 0 < figures.pickup_ms.p50 <= figures.pickup_ms.p99
    assert figures.throughput_jobs_s > 0
    assert figures.drain_jobs_s > 0


async def test_worker_and_producer_get_the_address_that_the_front_names(server: Server) -> None:
    fronted = Side("list", LIST, front=("sh", "-c", f"echo {server.url}; exec cat"))

    figures = await measure(fronted, Server("unix:///nowhere", server.name), SMALL)

    assert figures.drain_jobs_s > 0


async def test_a_side_that_ends_early_is_named_with_its_exit_status(server: Server) -> None:
    with pytest.raises(SideEndedError, match=r"^sh -c exit 3 worker .* ended with 3$"):
        await measure(Side("broken", ("sh", "-c", "exit 3")), server, SMALL)


async def test_a_process_does_not_outlive_its_block() -> None:
    async with started("sh", "-c", "echo up; exec cat") as child:
        assert await child.line() == "up"
        assert child.process.returncode is None

    assert child.process.returncode == -signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(child.process.pid, 0)


async def test_a_process_that_ignores_its_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_STOP_WITHIN_S", 0.01)

    async with started("sh", "-c", "trap '' TERM; echo up; while read -r _; do :; done") as child:
        assert await child.line() == "up"

    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("aof", "appendonly"), [("always", "yes"), ("off", "no")])
async def test_the_server_writes_to_disk_only_where_its_name_says_so(
    aof: Aof, appendonly: str
) -> None:
    async with running(aof) as server, Redis.from_url(server.url, decode_responses=True) as client:
        assert await client.config_get("appendonly") == {"appendonly": appendonly}
        assert server.name.endswith(f" aof={aof}")


def test_percentiles_are_between_the_values_they_rank() -> None:
    assert Percentiles.of([float(value) for value in range(101)]) == Percentiles(50.0, 99.0)
