"""The heartbeat: says that a worker lives, and notices when nobody answers."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from agent.inventory import Gpu, system_info

MAX_UNANSWERED = 3


class Beating(Protocol):
    """A worker as its heartbeat sees it."""

    id: str
    unanswered: int  # heartbeats since the hub last answered one

    def beat(self, system_info: dict[str, Any]) -> None:
        """Send one heartbeat, which renews the worker's leases."""
        ...


async def heartbeat(
    worker: Beating,
    period_s: float,
    gpus: Mapping[str, Gpu] = MappingProxyType({}),
    at_most_s: float | None = None,
) -> None:
    """Let `worker` beat every `period_s`, or oftener; return when the hub has left three without an
    answer.

    `gpus` holds the GPUs of the workers that have one, by worker id.
    """
    period_s = min(period_s, at_most_s or period_s)
    while True:
        await asyncio.sleep(period_s)
        if worker.unanswered >= MAX_UNANSWERED:
            return
        worker.beat(await asyncio.to_thread(system_info, gpus.get(worker.id)))
