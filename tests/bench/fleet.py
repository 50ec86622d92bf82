"""Many idle workers, each on a connection of its own: `python -m tests.bench.fleet URL HOW_MANY`."""

import asyncio
import sys
from contextlib import suppress

from agent.connectors.base import Report
from agent.heartbeat import heartbeat
from agent.link.connection import Link, socket_url
from agent.link.outgoing import Outgoing
from agent.link.worker import Worker
from agent.runner import Outcome
from agent.slots import Slots
from shared.matching import Capability
from shared.messages import JobAssigned
from tests.bench.peers.scripts.lines import say

AT_ONCE = 50
"""How many connect at the same time, as a fleet does that has read about jitter."""


async def connect_all(url: str, how_many: int) -> None:
    """Say `registered` when every worker is, then stay until cancelled."""
    async with asyncio.TaskGroup() as group:
        for first in range(0, how_many, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, how_many))
            workers = [_connected(url, f"idle-{number}", group) for number in numbers]
            await asyncio.gather(*(worker.registered.wait() for worker in workers))
        say("registered")


def _connected(url: str, worker_id: str, group: asyncio.TaskGroup) -> Worker:
    outgoing = Outgoing()
    capability = Capability(services=("noop",))
    worker = Worker(worker_id, capability, Slots(1, _never, group), outgoing.put)
    address = socket_url(url, worker_id)
    group.create_task(Link(address, None, {worker_id: worker}, outgoing, heartbeat).run())
    return worker


async def _never(job: JobAssigned, _: Report) -> Outcome:
    raise AssertionError(f"job {job.job_id}, where nobody submits any")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(connect_all(sys.argv[1], int(sys.argv[2])))
