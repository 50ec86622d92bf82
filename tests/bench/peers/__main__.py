"""The command that run.py becomes once the other queues are installed."""

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from attrs import asdict
from rich.console import Console

from tests.bench.peers.compare import compare
from tests.bench.peers.figures import Figures, table
from tests.bench.peers.measure import Load
from tests.bench.peers.sides import PEERS, Side

WHOLE_RUN_WITHIN_S = 240.0


def main() -> None:
    names = [side.name for side in PEERS]
    parser = ArgumentParser("tests/bench/peers/run.py", description="Measures other job queues.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--without", action="append", default=[], choices=names, metavar="QUEUE")
    options = parser.parse_args()
    try:
        rows = asyncio.run(_bounded([side for side in PEERS if side.name not in options.without]))
    except TimeoutError:
        sys.exit(f"The benchmark did not end in {WHOLE_RUN_WITHIN_S:g} s; no table.")
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("Interrupted; every process that was started has ended.")
    Console(stderr=True).print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


async def _bounded(sides: Sequence[Side]) -> list[Figures]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.timeout(WHOLE_RUN_WITHIN_S):
        return await compare(sides, Load())


if __name__ == "__main__":
    main()
