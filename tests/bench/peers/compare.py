"""Measures several sides under the same conditions."""

import json
import sys
from collections.abc import Sequence
from typing import get_args

from attrs import asdict

from tests.bench.peers.figures import Figures
from tests.bench.peers.measure import Load, measure
from tests.bench.peers.server import Aof, running
from tests.bench.peers.sides import Side


async def compare(sides: Sequence[Side], load: Load) -> list[Figures]:
    """Each side in each setting of the server, on an empty server of its own.

    Writes a line of JSON to standard output as soon as a side is measured.
    Raises SideEndedError.
    """
    rows: list[Figures] = []
    for aof in get_args(Aof):
        for side in sides:
            async with running(aof) as server:
                rows.append(await measure(side, server, load))
            sys.stdout.write(json.dumps(asdict(rows[-1])) + "\n")
            sys.stdout.flush()
    return rows
