"""What a worker says of itself to the hub: what it can do, and what the machine is."""

from collections.abc import Sequence

from agent.connectors.offers import Ready, capability
from agent.inventory import Provider
from agent.stations.posts import Post
from agent.stations.standing import standing
from shared.matching import Capability, Hardware


def able(post: Post, provider: Provider, ready: Sequence[Ready]) -> Capability:
    """What it can do with the connectors that are ready."""
    found = capability([each.offer for each in ready], Hardware())
    return standing(found, post.settings, provider, post.gpu)


def unable(post: Post, provider: Provider) -> Capability:
    """The same worker while it can do nothing."""
    return standing(Capability(services=()), post.settings, provider, post.gpu)
