"""What a pick-up costs by HTTP, one write that is on disk, and a WebSocket, with no queue in between.

The libraries and their settings are those of hub and agent: what they add is the rest.
"""

import sys
from collections.abc import AsyncGenerator
from typing import get_args

from attrs import frozen

from tests.bench.peers.figures import Percentiles
from tests.bench.peers.measure import pickup
from tests.bench.peers.server import Aof, running
from tests.bench.peers.sides import Side

_COMMAND = (sys.executable, "-m", "tests.bench.bare")

BARE = Side("bare", _COMMAND, front=(*_COMMAND, "front"))
"""`python -m tests.bench.bare ROLE URL …`: one role of this side. It keeps no job: it cannot be drained."""


@frozen
class Bare:
    """The pick-up on one server."""

    server: str
    pickup_ms: Percentiles


async def bare(pickups: int) -> AsyncGenerator[Bare]:
    """On each setting of the server."""
    for aof in get_args(Aof):
        async with running(aof) as server:
            _, pickup_ms = await pickup(BARE, server, pickups)
            yield Bare(server.name, pickup_ms)
