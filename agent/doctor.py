"""`emp-agent doctor`: everything that could keep this machine from working, with what helps."""

import asyncio
from collections.abc import Sequence

from attrs import evolve

from agent.connectors.base import Offer
from agent.connectors.offers import NoConnectorError, close_all, open_all
from agent.inventory import Survey, survey
from agent.preflight import (
    Finding,
    blocking,
    hub_findings,
    machine_findings,
    offer_findings,
    report,
    worker_findings,
)
from agent.settings import AgentSettings
from agent.stations import MakeConnectors, Post, is_started_here, posts


async def examine(settings: AgentSettings, make: MakeConnectors) -> tuple[str, bool]:
    """The report, and whether every worker could take jobs. Starts no engine."""
    found = await asyncio.to_thread(survey)
    machine = await asyncio.to_thread(_machine, settings, found)
    parts = [("the machine", machine)]
    for post in posts(settings, found):
        of_worker = await asyncio.to_thread(worker_findings, post.settings, post.gpu, found)
        parts.append((post.worker_id, [*of_worker, *await _engines(post, make)]))
    text = "\n".join(f"{name}\n{report(findings)}" for name, findings in parts)
    is_fit = not any(blocking(findings) for _, findings in parts)
    return f"{text}\n{'fit for work' if is_fit else 'not fit for work'}", is_fit


def _machine(settings: AgentSettings, found: Survey) -> Sequence[Finding]:
    return [*hub_findings(settings), *machine_findings(settings, found)]


async def _engines(post: Post, make: MakeConnectors) -> list[Finding]:
    """What the engines say that run already; those of the agent itself run only with it."""
    attached = [
        name for name in post.settings.connectors if not is_started_here(post.settings, name)
    ]
    if not attached:
        return []
    settings = evolve(post.settings, connectors=tuple(attached))
    try:
        ready = await open_all(make(settings))
    except NoConnectorError as problem:
        remedy = "start the engine, or name its folder so that the agent does"
        return [Finding(name="engine", problem=str(problem), remedy=remedy)]
    await close_all(ready)
    offers = [each.offer for each in ready]
    return [*(_answers(each) for each in offers), *offer_findings(settings, offers)]


def _answers(offer: Offer) -> Finding:
    version = f" {offer.version}" if offer.version else ""
    return Finding(name="engine", detail=f"{', '.join(offer.services)}{version} answers")
