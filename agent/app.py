"""The agent: builds its parts, runs its loops, and ends by a list read from top to bottom."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from attrs import define, field, frozen

from agent.connectors.offers import NoConnectorError
from agent.heartbeat import heartbeat
from agent.inventory import Gpu, survey
from agent.link.artifacts import Artifacts
from agent.link.connection import Link, socket_url
from agent.link.outgoing import Outgoing
from agent.link.worker import Worker
from agent.runner import Runner
from agent.settings import AgentSettings
from agent.slots import Slots
from agent.stations import MakeConnectors, Post, Station, open_station, posts

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


@frozen
class _Duty:
    """A worker, and the room that it gives out."""

    worker: Worker
    slots: Slots


async def serve(settings: AgentSettings, make: MakeConnectors, stop: Stop) -> None:
    """Run jobs until `stop` is asked for, on the connectors that `make` makes for each worker.

    Raises `NoConnectorError`, or a group with a `RefusedError` when the hub refuses the agent.
    """
    stations = await _opened(posts(settings, survey()), make)
    artifacts = Artifacts(settings.hub_url, settings.token)
    try:
        async with asyncio.TaskGroup() as tasks:
            await _work(settings, stations, artifacts, tasks, stop)
    finally:
        for station in stations:
            await station.close()
        await artifacts.close()


async def _opened(wanted: Sequence[Post], make: MakeConnectors) -> list[Station]:
    """The stations that can work. Raises `NoConnectorError` when there is none."""
    found = await asyncio.gather(*(_open(post, make) for post in wanted))
    stations = [each for each in found if isinstance(each, Station)]
    if not stations:
        raise NoConnectorError("; ".join(str(each) for each in found))
    return stations


async def _open(post: Post, make: MakeConnectors) -> Station | NoConnectorError:
    try:
        return await open_station(post, make)
    except NoConnectorError as problem:
        log.warning("the agent goes on without %s: %s", post.worker_id, problem)
        return problem


async def _work(
    settings: AgentSettings,
    stations: Sequence[Station],
    artifacts: Artifacts,
    tasks: asyncio.TaskGroup,
    stop: Stop,
) -> None:
    outgoing = Outgoing()
    duties = [_duty(station, artifacts, outgoing, tasks) for station in stations]
    link = Link(
        socket_url(settings.hub_url, settings.worker_id),
        settings.token,
        {each.worker.id: each.worker for each in duties},
        outgoing,
        partial(heartbeat, gpus=_gpus(stations)),
    )
    linked = tasks.create_task(link.run())
    await stop.asked.wait()

    used = sum(each.slots.used for each in duties)
    log.info("draining: %d attempts get %g s to finish", used, settings.drain_s)
    for each in duties:
        each.slots.drain()
    await _first_of(_idle(duties), stop.insisted.wait(), within_s=settings.drain_s)
    for each in duties:
        each.slots.release()
    await _first_of(_settled(duties), within_s=RELEASE_S)
    linked.cancel()


def _duty(
    station: Station, artifacts: Artifacts, outgoing: Outgoing, tasks: asyncio.TaskGroup
) -> _Duty:
    runner = Runner(station.serving, artifacts.upload)
    slots = Slots(station.post.settings.max_concurrent_jobs, runner.run, tasks)
    return _Duty(Worker(station.post.worker_id, station.capability, slots, outgoing.put), slots)


def _gpus(stations: Sequence[Station]) -> dict[str, Gpu]:
    return {each.post.worker_id: each.post.gpu for each in stations if each.post.gpu}


async def _idle(duties: Sequence[_Duty]) -> None:
    await asyncio.gather(*(each.slots.idle() for each in duties))


async def _settled(duties: Sequence[_Duty]) -> None:
    await _idle(duties)
    await asyncio.gather(*(each.worker.outbox.settled() for each in duties))


async def _first_of(*facts: Coroutine[Any, Any, object], within_s: float) -> None:
    waits = [asyncio.create_task(fact) for fact in facts]
    await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
