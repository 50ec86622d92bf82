"""What a worker says of itself to the hub: what it can do, and what the machine is."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from attrs import evolve

from agent.connectors.base import Offer
from agent.connectors.offers import Ready, capability
from agent.inventory import Provider
from agent.stations.posts import URLS, Post
from agent.stations.standing import standing
from shared.engines import Engine
from shared.matching import Capability, Hardware

Contents = Mapping[str, tuple[str, ...]]
"""Names of models by what is in them, by connector."""


def able(
    post: Post,
    provider: Provider,
    ready: Sequence[Ready],
    contents: Contents = MappingProxyType({}),
) -> Capability:
    """What it can do with the connectors that are ready."""
    offers = [_named(each.offer, contents.get(each.connector.name, ())) for each in ready]
    engines = tuple(_engines(ready))
    versions = {f"{each.name}_version": each.version for each in engines if each.version}
    found = evolve(capability(offers, Hardware()), engines=engines, labels=versions)
    return standing(found, post.settings, provider, post.gpu)


def unable(post: Post, provider: Provider) -> Capability:
    """The same worker while it can do nothing."""
    return standing(Capability(services=()), post.settings, provider, post.gpu)


def _engines(ready: Sequence[Ready]) -> Iterator[Engine]:
    for each in ready:
        name, version = each.connector.name, each.offer.version
        if version is not None or name in URLS:
            yield Engine(name, version)


def _named(offer: Offer, contents: tuple[str, ...]) -> Offer:
    """The offer with its models by their content, too."""
    return offer if offer.models is None else evolve(offer, models=(*offer.models, *contents))
