import pytest

from shared.version import VERSION
from tests.bench.bare import bare
from tests.bench.idle import idle
from tests.bench.ours import OURS
from tests.bench.peers.measure import Load, measure
from tests.bench.peers.server import running

pytestmark = pytest.mark.redis


async def test_hub_and_agent_are_measured_in_full() -> None:
    async with running("off") as server:
        figures = await measure(OURS, server, Load(pickups=5, jobs=20))

    assert (figures.peer, figures.version) == (OURS.name, VERSION)
    assert 0 < figures.pickup_ms.p50 <= figures.pickup_ms.p99
    assert figures.throughput_jobs_s > 0
    assert figures.drain_jobs_s > 0


async def test_the_parts_alone_are_measured_on_each_setting_of_the_server() -> None:
    measured = [each async for each in bare(pickups=5)]

    assert [each.server.rpartition(" ")[2] for each in measured] == ["aof=always", "aof=off"]
    assert all(0 < each.pickup_ms.p50 <= each.pickup_ms.p99 for each in measured)


async def test_idle_workers_and_an_idle_agent_are_weighed() -> None:
    measured = await idle(workers=3, for_s=0.5, heartbeat_s=0.2)

    assert measured.workers == 3
    assert measured.agent_rss_mb > 1
    assert 0 <= measured.agent_cpu_percent < 100
    assert 0 <= measured.hub_cpu_percent < 100
