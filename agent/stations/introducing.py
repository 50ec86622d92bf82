"""What a worker says of itself to the hub: what it can do, and what the machine is."""

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from agent.connectors.offers import Ready, capability
from agent.inventory import Provider, find_hardware
from agent.stations.posts import Post
from shared.matching import Capability, Cost, Location


def able(post: Post, provider: Provider, ready: Sequence[Ready]) -> Capability:
    """What it can do with the connectors that are ready."""
    found = capability([each.offer for each in ready], find_hardware(post.gpu))
    return evolve(found, **_standing(post, provider))


def unable(post: Post, provider: Provider) -> Capability:
    """The same worker while it can do nothing."""
    return Capability(services=(), hardware=find_hardware(post.gpu), **_standing(post, provider))


def _standing(post: Post, provider: Provider) -> dict[str, Any]:
    """What the machine is, whatever it can do: where it stands, its price, its labels."""
    settings = post.settings
    known = {"provider": settings.provider or provider.name}
    is_spot = provider.is_spot if settings.spot is None else settings.spot
    known["spot"] = None if is_spot is None else str(is_spot).lower()
    return {
        "location": Location(region=settings.region or provider.region),
        "cost": Cost(rate_per_hour=settings.rate_per_hour),
        "labels": {name: value for name, value in known.items() if value} | dict(settings.labels),
    }
