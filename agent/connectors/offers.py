"""What the connectors of a machine offer together."""

import logging
from collections.abc import Iterable
from itertools import chain

from attrs import frozen

from agent.connectors.base import Connector, ConnectorError, Offer
from shared.matching import Capability, Hardware

log = logging.getLogger(__name__)


class NoConnectorError(Exception):
    """No connector can be used; the message tells the reason of each."""


@frozen
class Ready:
    """A connector that has opened, and what it offers."""

    connector: Connector
    offer: Offer


async def open_all(connectors: Iterable[Connector]) -> list[Ready]:
    """Open what can be opened, and leave out the rest with a warning.

    Raises `NoConnectorError` when nothing is left.
    """
    ready: list[Ready] = []
    reasons: list[str] = []
    for connector in connectors:
        try:
            ready.append(await _opened(connector))
        except ConnectorError as problem:
            reasons.append(f"{connector.name}: {problem.message}")
            log.warning("the agent goes on without %s", reasons[-1])
    if not ready:
        raise NoConnectorError("; ".join(reasons))
    return ready


async def _opened(connector: Connector) -> Ready:
    await connector.open()
    try:
        return Ready(connector, await connector.offer())
    except BaseException:
        await connector.close()
        raise


async def asked_again(ready: Iterable[Ready]) -> list[Ready]:
    """What they offer now. One that does not answer keeps its offer: whether it can work is known
    by its jobs and by its engine.
    """
    return [await _asked_again(each) for each in ready]


async def _asked_again(ready: Ready) -> Ready:
    try:
        return Ready(ready.connector, await ready.connector.offer())
    except ConnectorError as problem:
        log.warning("%s does not tell what it has: %s", ready.connector.name, problem.message)
        return ready


async def close_all(ready: Iterable[Ready]) -> None:
    """Close every connector, also when one of them fails to."""
    for each in ready:
        try:
            await each.connector.close()
        except Exception:
            log.exception("connector %s did not close", each.connector.name)


def serving(ready: Iterable[Ready]) -> dict[str, Connector]:
    """Who runs which type of job. Of two that offer the same service the first one does."""
    return {
        service: each.connector for each in reversed(list(ready)) for service in each.offer.services
    }


def capability(offers: list[Offer], hardware: Hardware) -> Capability:
    """All offers as one, on this hardware.

    The limits of a worker hold for all its services: one that knows no limit itself is unlimited
    only if no other states one.
    """
    return Capability(
        services=_union(offer.services for offer in offers),
        components=_limits(offer.components for offer in offers),
        models=_models(offers),
        custom_nodes=_limits(offer.custom_nodes for offer in offers),
        hardware=hardware,
    )


def _union(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(names)))


def _limits(names: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    stated = [each for each in names if each is not None]
    return _union(stated) if stated else None


def _models(offers: list[Offer]) -> dict[str, tuple[str, ...]] | None:
    stated = {
        service: offer.models
        for offer in offers
        if offer.models is not None
        for service in offer.services
    }
    return stated or None
