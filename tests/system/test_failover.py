"""The master is killed under two hubs that work: its replica takes over, and the work goes on."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.integration.hub.test_doctor import doctor
from tests.support.sentinels import Watched, watched
from tests.system.conftest import TERMINAL, Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

JOBS = 40
SLOTS = 4


class Pair:
    """Two hubs over the same servers, with a worker at each."""

    def __init__(self, directory: Path, servers: Watched) -> None:
        self.servers = servers
        self.sites = [Site(directory / name) for name in ("one", "two")]

    async def start(self) -> None:
        await asyncio.gather(
            *(self._start(site, f"worker-{n}") for n, site in enumerate(self.sites))
        )

    async def _start(self, site: Site, worker_id: str) -> None:
        await site.start_hub(REDIS_URL=self.servers.url, HUB_LEASE_S="20")
        await site.start_agent(
            worker_id, WORKER_MAX_CONCURRENT_JOBS=str(SLOTS),
            WORKER_SIMULATION_PROCESSING_TIME="0.5",
        )  # fmt: skip

    async def submit(self, count: int) -> list[str]:
        """To both hubs in turn; what was acknowledged."""
        return list(await asyncio.gather(*(self.sites[n % 2].submit() for n in range(count))))

    async def lines(self) -> list[dict[str, str]]:
        """The transitions that the new master knows."""
        async with self.servers.replica.client() as store:
            entries: list[Any] = await store.xrange("{emp}:audit") or []
        return [line for _, line in entries]

    async def stop(self) -> None:
        for site in self.sites:
            site.stop()
            await site.http.aclose()


@pytest.fixture
async def pair() -> AsyncGenerator[Pair]:
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="emp-")))
        servers = await stack.enter_async_context(watched(directory, sentinels=3))
        pair = Pair(directory, servers)
        stack.push_async_callback(pair.stop)
        await pair.start()
        yield pair


async def test_what_was_replicated_is_finished_once_after_the_master_was_killed(
    pair: Pair,
) -> None:
    first = await pair.submit(JOBS)
    running = await pair.sites[0].reaches(first[SLOTS], "in_progress", "completed")
    assert running["attempt"] == 1
    await pair.servers.catch_up()
    pair.servers.master.popen.kill()
    later = await pair.submit(2)  # answered by the new master, when there is one

    for job_id in (*first, *later):
        job = await pair.sites[1].reaches(job_id, *TERMINAL)
        assert (job["status"], job["failures"]) == ("completed", 0)

    lines = await pair.lines()
    ended = Counter(line["job"] for line in lines if line["to"] in TERMINAL)
    assert ended == dict.fromkeys((*first, *later), 1)
    assert {line["verb"] for line in lines} == {"submit", "claim", "start", "complete"}
    assert all(site.hub.popen.poll() is None for site in pair.sites), "none was started again"
    _, said = await doctor("--redis-url", pair.servers.url)
    assert f"all indexes agree with the {JOBS + 2} jobs that are kept" in said
