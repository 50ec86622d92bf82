"""The hub between the two others and the server, as its users start it."""

import asyncio
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.peers.processes import started
from tests.bench.peers.scripts.lines import say

HUB = (sys.executable, "-m", "hub", "serve", "--hub-port", "0")


async def stand(url: str) -> None:
    """Run a hub on the server at `url` and say where it listens, until terminated."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with TemporaryDirectory(prefix="emp-bench-") as folder:
        async with started(*HUB, "--hub-data-dir", str(Path(folder)), REDIS_URL=url) as hub:
            say((await hub.line()).split()[-1])
            await hub.process.wait()
