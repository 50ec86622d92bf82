"""The agent: builds its parts, runs its loops, and ends by a list read from top to bottom."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from attrs import define, field

from agent.connectors.base import Connector
from agent.connectors.offers import Ready, capability, close_all, open_all, serving
from agent.heartbeat import heartbeat
from agent.inventory import find_hardware
from agent.link.artifacts import Artifacts
from agent.link.connection import Link, socket_url
from agent.link.outgoing import Outgoing
from agent.link.worker import Worker
from agent.runner import Runner
from agent.settings import AgentSettings
from agent.slots import Slots

log = logging.getLogger(__name__)

RELEASE_S = 10  # for stopped attempts to end and for the hub to acknowledge the last reports


@define
class Stop:
    """The operator's wish that the agent ends: asked once it drains, asked again it hurries."""

    asked: asyncio.Event = field(factory=asyncio.Event, init=False)
    insisted: asyncio.Event = field(factory=asyncio.Event, init=False)

    def ask(self) -> None:
        """Ask, or ask again."""
        (self.insisted if self.asked.is_set() else self.asked).set()


async def serve(settings: AgentSettings, connectors: Sequence[Connector], stop: Stop) -> None:
    """Run jobs until `stop` is asked for.

    Raises `NoConnectorError`, or a group with a `RefusedError` when the hub refuses the agent.
    """
    ready = await open_all(connectors)
    artifacts = Artifacts(settings.hub_url, settings.token)
    try:
        async with asyncio.TaskGroup() as tasks:
            await _work(settings, Runner(serving(ready), artifacts.upload), ready, tasks, stop)
    finally:
        await close_all(ready)
        await artifacts.close()


async def _work(
    settings: AgentSettings,
    runner: Runner,
    ready: list[Ready],
    tasks: asyncio.TaskGroup,
    stop: Stop,
) -> None:
    outgoing = Outgoing()
    slots = Slots(settings.max_concurrent_jobs, runner.run, tasks)
    can_do = capability([each.offer for each in ready], find_hardware())
    worker = Worker(settings.worker_id, can_do, slots, outgoing.put)
    link = Link(
        socket_url(settings.hub_url, settings.worker_id),
        settings.token,
        {worker.id: worker},
        outgoing,
        heartbeat,
    )
    linked = tasks.create_task(link.run())
    await stop.asked.wait()

    log.info("draining: %d attempts get %g s to finish", slots.used, settings.drain_s)
    slots.drain()
    await _first_of(slots.idle(), stop.insisted.wait(), within_s=settings.drain_s)
    slots.release()
    await _first_of(_settled(slots, worker), within_s=RELEASE_S)
    linked.cancel()


async def _settled(slots: Slots, worker: Worker) -> None:
    await slots.idle()
    await worker.outbox.settled()


async def _first_of(*facts: Coroutine[Any, Any, object], within_s: float) -> None:
    waits = [asyncio.create_task(fact) for fact in facts]
    await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
