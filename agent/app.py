"""The agent: builds its parts, runs its loops, and ends by a list read from top to bottom."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from agent.connectors.offers import NoConnectorError
from agent.desk import Desk
from agent.engines.ports import Ports
from agent.heartbeat import heartbeat
from agent.inventory import Gpu, GpuFault, NvmlError, announce, find_provider, survey, watch_faults
from agent.leaving import Stop, end_by_hangup, watch_limits
from agent.link.artifacts import Artifacts
from agent.link.connection import Link, socket_url
from agent.link.outgoing import Outgoing
from agent.models import DIGESTS, Digests, Shelf, folders
from agent.notice import tell_ready
from agent.renting import watch_cloud, watch_notices
from agent.settings import AgentSettings
from agent.stations import Failures, MakeConnectors, Station, engines, posts
from shared.jobs import Lease

log = logging.getLogger(__name__)

RELEASE_S = 10  # for stopped attempts to end and for the hub to acknowledge the last reports
STARTING = "initializing"  # the status of a worker whose engine is
FIRST_LOOK_S = 1.0  # for workers to be ready before they are introduced to the hub


Attend = Callable[[Desk], Coroutine[Any, Any, None]]
"""Lets somebody at this machine to the desk, until cancelled."""


async def serve(
    settings: AgentSettings, make: MakeConnectors, stop: Stop, attend: Attend | None = None
) -> None:
    """Run jobs until `stop` is asked for, on the connectors that `make` makes for each worker.

    Raises a group with a `NoConnectorError` when no worker is fit at the start, or with a
    `RefusedError` when the hub refuses the agent.
    """
    artifacts = Artifacts(settings.hub_url, settings.token)
    try:
        async with asyncio.TaskGroup() as tasks:
            stations = _stations(settings, make, artifacts)
            await _work(settings, stations, tasks, stop, attend)
    finally:
        await artifacts.close()


def _stations(settings: AgentSettings, make: MakeConnectors, artifacts: Artifacts) -> list[Station]:
    ports, provider = Ports(), find_provider(os.environ)
    stations: list[Station] = []

    def drain(why: str) -> None:
        for each in stations:
            each.quarantine(why)

    found = survey()
    announce(found)
    failures = Failures(settings.failures_to_quarantine, drain)
    stations += [
        Station(post, engines(post, ports, os.environ), provider, make, failures, artifacts)
        for post in posts(settings, found)
    ]
    return stations


async def _work(
    settings: AgentSettings,
    stations: Sequence[Station],
    tasks: asyncio.TaskGroup,
    stop: Stop,
    attend: Attend | None,
) -> None:
    outgoing = Outgoing()
    for each in stations:
        each.begin(tasks, outgoing.put)
    link = Link(
        socket_url(settings.hub_url, settings.worker_id),
        settings.token,
        {each.worker.id: each.worker for each in stations},
        outgoing,
        partial(heartbeat, gpus=_gpus(stations), at_most_s=settings.heartbeat_s),
        retry_cap_s=settings.reconnect_cap_s,
        open_s=settings.connection_timeout_s,
    )
    loops = [tasks.create_task(each.run()) for each in stations]
    if attend:
        loops.append(tasks.create_task(attend(Desk(settings, stations, stop, link))))
    loops.append(tasks.create_task(_watch_gpus(stations)))
    await _first_of(_judged(stations), within_s=FIRST_LOOK_S)
    loops += map(tasks.create_task, _until_the_end(settings, stations, stop, link))
    await stop.asked.wait()
    if stop.is_leaving:
        await _leave(stations)

    used = sum(each.slots.used for each in stations)
    within_s = None if stop.is_patient else settings.drain_s
    log.info(
        "draining: %d attempts get %s to finish",
        used,
        f"{within_s} s" if within_s is not None else "the time they need",
    )
    for each in stations:
        each.drain()
    await _first_of(_idle(stations), stop.insisted.wait(), within_s=within_s)
    for each in stations:
        each.slots.release(stop.reason)
    await _first_of(_settled(stations), within_s=RELEASE_S)
    for loop in loops:
        loop.cancel()


async def _leave(stations: Sequence[Station]) -> NoReturn:
    """Give back what no other agent would find, and leave it the rest."""
    kept = frozenset[Lease]().union(*(each.worker.ledger.found_again for each in stations))
    for each in stations:
        each.drain()
        each.slots.release(kept=kept)
    await _first_of(_settled(stations, kept), within_s=RELEASE_S)
    left = sum(each.slots.used for each in stations)
    log.info("%d attempts, and engines that may, are left to the next agent", left)
    end_by_hangup()


def _until_the_end(
    settings: AgentSettings,
    stations: Sequence[Station],
    stop: Stop,
    link: Link,
) -> Iterator[Coroutine[Any, Any, None]]:
    """What goes on until all is handed in."""
    yield link.run()
    yield tell_ready(stations)
    yield _fit_at_first(stations)
    yield watch_limits(settings, stations, stop)
    yield watch_notices(settings, stop)
    yield watch_cloud(settings, stations, stop)
    if roots := folders(settings):
        yield _shelf(settings, stations, roots).run()


def _shelf(
    settings: AgentSettings, stations: Sequence[Station], roots: Mapping[str, tuple[Path, ...]]
) -> Shelf:
    def tell() -> None:
        for each in stations:
            each.stock(shelf)

    shelf = Shelf(
        roots,
        Digests(settings.state_dir / DIGESTS),
        tell,
        lambda: any(each.slots.used or each.slots.closed == STARTING for each in stations),
        settings.offers_s,
        settings.hash_models,
    )
    return shelf


async def _judged(stations: Sequence[Station]) -> None:
    for each in stations:
        await each.judged.wait()


async def _fit_at_first(stations: Sequence[Station]) -> None:
    await _judged(stations)
    if all(each.note for each in stations):
        raise NoConnectorError(
            "; ".join(f"{each.post.worker_id}: {each.note}" for each in stations)
        )


async def _watch_gpus(stations: Sequence[Station]) -> None:
    """Tell a worker what the driver tells of its card."""
    gpus = list(_gpus(stations).values())
    if not gpus:
        return

    def fault(found: GpuFault) -> None:
        for each in stations:
            if each.post.gpu is not None and each.post.gpu.card == found.card:
                each.fault(found)

    try:
        await watch_faults(gpus, fault)
    except NvmlError as problem:
        log.warning("faults of the GPUs will not be told by the driver: %s", problem)


def _gpus(stations: Sequence[Station]) -> dict[str, Gpu]:
    return {each.post.worker_id: each.post.gpu for each in stations if each.post.gpu}


async def _idle(stations: Sequence[Station], kept: Collection[Lease] = ()) -> None:
    await asyncio.gather(*(each.slots.idle(kept) for each in stations))


async def _settled(stations: Sequence[Station], kept: Collection[Lease] = ()) -> None:
    await _idle(stations, kept)
    await asyncio.gather(*(each.worker.outbox.settled() for each in stations))


async def _first_of(*facts: Awaitable[object], within_s: float | None) -> None:
    waits = [asyncio.ensure_future(fact) for fact in facts]
    await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
