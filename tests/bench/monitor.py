"""How much a monitor is told of a large system: 1,000 workers, 100,000 jobs."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen
from websockets.asyncio.client import ClientConnection, connect

from hub.store.client import Client
from shared.messages import StatsBroadcast, SubscribeStats
from shared.wire import decode, encode
from tests.bench.filling import Filling
from tests.bench.idle import FLEET
from tests.bench.ours.front import HUB
from tests.bench.peers.processes import started
from tests.bench.peers.server import running
from tests.support.store import Store

LANES = 100
ASKED = {
    "as it is": SubscribeStats(),
    "all, every 0.25 s": SubscribeStats(interval_seconds=0.25),
    "changes, every 0.25 s": SubscribeStats(interval_seconds=0.25, incremental=True),
}


@frozen
class Told:
    """What a monitor hears, on the average, in kB a second; and how often."""

    asked: str
    kb_a_second: float
    broadcasts: int


async def monitors(for_s: float, workers: int = 1_000, jobs: int = 100_000) -> list[Told]:
    """Every kind of monitor, at the same time, for so many seconds from a broadcast on."""
    async with _large_system(workers, jobs) as url, asyncio.TaskGroup() as group:
        heard = [group.create_task(_heard(url, name, for_s)) for name in ASKED]
    return [each.result() for each in heard]


@asynccontextmanager
async def _large_system(workers: int, jobs: int) -> AsyncGenerator[str]:
    async with running("off") as server:
        client = Client.connect(server.url)
        await client.open()
        await Filling(jobs, LANES).fill(Store.over(client))
        await client.close()
        with TemporaryDirectory(prefix="emp-bench-") as folder:
            async with started(
                *HUB, "--hub-data-dir", str(Path(folder)), REDIS_URL=server.url
            ) as hub:
                url = (await hub.line()).split()[-1]
                async with started(*FLEET, url, str(workers)) as fleet:
                    await fleet.line()
                    yield url


async def _heard(url: str, name: str, for_s: float) -> Told:
    address = f"{url.replace('http', 'ws')}/ws/monitor/m-{len(name)}"
    async with connect(address, compression=None, max_size=None) as monitor:
        await monitor.send(encode(ASKED[name]))
        # It begins to count behind a whole broadcast: the next ones are paid for by their pauses.
        await _broadcast(monitor)
        size, broadcasts, begun = 0, 0, time.monotonic()
        while time.monotonic() - begun < for_s or not broadcasts:
            size += await _broadcast(monitor)
            broadcasts += 1
        took_s = time.monotonic() - begun
    return Told(name, round(size / took_s / 1000, 1), broadcasts)


async def _broadcast(monitor: ClientConnection) -> int:
    """The size of the next broadcast."""
    while True:
        frame = await monitor.recv()
        if isinstance(decode(frame), StatsBroadcast):
            return len(frame)


if __name__ == "__main__":
    print(asyncio.run(monitors(float(sys.argv[1]))))  # noqa: T201 - for people
