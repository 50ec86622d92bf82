"""An agent as far as its engine goes, as a process of its own: one that can be killed."""

import asyncio
import sys
from pathlib import Path

from agent.engines import EngineState, Limits, Supervisor
from agent.engines.ports import Ports
from tests.support.engines import Checkout

ROOT = Path(__file__).parents[2]


async def earlier(checkout: Checkout, port: int, outlives_s: float) -> asyncio.subprocess.Process:
    """Start it, and wait until its engine is ready. Kill it by its pid."""
    agent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, checkout.kind, checkout.directory, str(port)),
        str(outlives_s),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert agent.stdout is not None
    assert await asyncio.wait_for(agent.stdout.readline(), 20) == b"ready\n"
    return agent


async def _main(kind: str, directory: str, port: str, outlives_s: str) -> None:
    checkout = Checkout(kind, Path(directory))
    limits = Limits(outlives_s=float(outlives_s), stop_s=5)
    supervisor = Supervisor(kind, checkout.recipe, int(port), Ports(), limits)

    def tell() -> None:
        if supervisor.state is EngineState.READY:
            print("ready", flush=True)  # noqa: T201 - to the test

    supervisor.changed = tell
    await supervisor.run()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
