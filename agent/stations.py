"""The workers of this machine: one for each of its GPUs, or a single one where there is none."""

import logging
from collections.abc import Callable, Sequence

from attrs import define, evolve, field, frozen

from agent.connectors.base import Connector
from agent.connectors.offers import Ready, capability, close_all, open_all, serving
from agent.inventory import Gpu, Survey, find_hardware
from agent.settings import AgentSettings
from shared.matching import Capability

log = logging.getLogger(__name__)

MakeConnectors = Callable[[AgentSettings], Sequence[Connector]]

_URLS = {"comfyui": "comfyui_url"}
"""Connectors to an engine that runs already, and the setting that has its address."""


@frozen
class Post:
    """What one worker is for: its GPU, and its own settings."""

    settings: AgentSettings
    gpu: Gpu | None

    @property
    def worker_id(self) -> str:
        """The worker's id."""
        return self.settings.worker_id


def posts(settings: AgentSettings, found: Survey) -> list[Post]:
    """One post for each GPU that is to work. Where there are several, each has an id of its own."""
    gpus = _chosen(settings.gpus, found.gpus)
    if not gpus:
        return [Post(settings, None)]
    is_alone = len(found.gpus) + len(found.lost) == 1
    each = [
        Post(_own(settings, "" if is_alone else f"-{gpu.label}", place), gpu)
        for place, gpu in enumerate(gpus)
    ]
    for post in each:
        if not post.settings.connectors:
            log.warning(
                "%s has nothing to do: name the address of an engine for each GPU, with commas "
                "between, or let the agent start the engines",
                post.worker_id,
            )
    return [post for post in each if post.settings.connectors] or [Post(settings, gpus[0])]


def _chosen(wanted: Sequence[str], gpus: Sequence[Gpu]) -> list[Gpu]:
    if "none" in wanted:
        return []
    names = {gpu: {"all", gpu.uuid, gpu.card, gpu.label, str(gpu.index)} for gpu in gpus}
    for name in wanted:
        if name != "all" and not any(name in each for each in names.values()):
            log.warning("--gpus (WORKER_GPUS): there is no GPU %s that works", name)
    return [gpu for gpu in gpus if not names[gpu].isdisjoint(wanted)]


def _own(settings: AgentSettings, suffix: str, place: int) -> AgentSettings:
    """The settings of one worker among several: an engine that runs already serves one of them."""
    addresses = {
        name: getattr(settings, field).split(",")
        for name, field in _URLS.items()
        if name in settings.connectors
    }
    left = [
        name
        for name in settings.connectors
        if name not in addresses or place < len(addresses[name])
    ]
    own = {_URLS[name]: addresses[name][place].strip() for name in left if name in addresses}
    return evolve(settings, worker_id=settings.worker_id + suffix, connectors=tuple(left), **own)


@define
class Station:
    """A post with its connectors open."""

    post: Post
    ready: list[Ready]
    serving: dict[str, Connector] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.serving = serving(self.ready)

    @property
    def capability(self) -> Capability:
        """What the worker can do."""
        found = capability([each.offer for each in self.ready], find_hardware(self.post.gpu))
        return evolve(found, labels=dict(self.post.settings.labels))

    async def close(self) -> None:
        """Close the connectors."""
        await close_all(self.ready)


async def open_station(post: Post, make: MakeConnectors) -> Station:
    """Open the connectors of a post. Raises `NoConnectorError` when none can be used."""
    return Station(post, await open_all(make(post.settings)))
