"""The heartbeat: says that a worker lives, and notices when nobody answers."""

import asyncio
from typing import Any, Protocol

from agent.inventory import system_info

MAX_UNANSWERED = 3


class Beating(Protocol):
    """A worker as its heartbeat sees it."""

    unanswered: int  # heartbeats since the hub last answered one

    def beat(self, system_info: dict[str, Any]) -> None:
        """Send one heartbeat, which renews the worker's leases."""
        ...


async def heartbeat(worker: Beating, period_s: float) -> None:
    """Let `worker` beat every `period_s`; return when the hub has left three without an answer."""
    while True:
        await asyncio.sleep(period_s)
        if worker.unanswered >= MAX_UNANSWERED:
            return
        worker.beat(await asyncio.to_thread(system_info))
