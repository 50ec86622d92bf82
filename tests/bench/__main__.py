"""`python -m tests.bench`: measures this queue, and beside it those that are installed."""

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.bench.bare import bare
from tests.bench.claims import claims
from tests.bench.codec import codec
from tests.bench.idle import idle
from tests.bench.monitor import monitors
from tests.bench.ours import OURS
from tests.bench.peers.compare import compare
from tests.bench.peers.measure import Load
from tests.bench.peers.sides import PEERS, Side
from tests.bench.report import Report

WHOLE_RUN_WITHIN_S = 540.0
IDLE_WORKERS = 1_000
IDLE_FOR_S = 20.0
HEARTBEAT_S = 10.0
CROWD, CROWD_FOR_S, CROWD_HEARTBEAT_S = 5_000, 30.0, 30.0
MONITORS_FOR_S = 20.0


def main() -> None:
    parser = ArgumentParser("python -m tests.bench", description="Measures this job queue.")
    names = [side.name for side in PEERS]
    parser.add_argument("--without", action="append", default=[], choices=names, metavar="QUEUE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    options = parser.parse_args()
    try:
        report = asyncio.run(_bounded([side for side in PEERS if side.name not in options.without]))
    except TimeoutError:
        sys.exit(f"The benchmark did not end in {WHOLE_RUN_WITHIN_S:g} s; no table.")
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("Interrupted; every process that was started has ended.")
    Console(stderr=True).print(report.tables())
    if options.json:
        options.json.write_text(json.dumps(report.document(), indent=2) + "\n")


async def _bounded(others: Sequence[Side]) -> Report:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    load = Load()
    async with asyncio.timeout(WHOLE_RUN_WITHIN_S):
        return Report(
            queues=await compare([OURS, *others], load),
            bare=[each async for each in bare(load.pickups)],
            idle=[
                await idle(IDLE_WORKERS, IDLE_FOR_S, HEARTBEAT_S),
                await idle(CROWD, CROWD_FOR_S, CROWD_HEARTBEAT_S),
            ],
            codec=await codec(),
            monitors=await monitors(MONITORS_FOR_S),
            claims=[each async for each in claims()],
        )


if __name__ == "__main__":
    main()
