"""The workers of this machine: one for each of its GPUs, or a single one where there is none."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial

from attrs import evolve, frozen

from agent.engines import KINDS, EngineSettings, Limits, Supervisor
from agent.engines.ports import Ports
from agent.inventory import Gpu, Survey
from agent.settings import AgentSettings
from shared.settings import variables

log = logging.getLogger(__name__)

URLS = {"comfyui": "comfyui_url", "a1111": "a1111_url"}
"""Connectors to engines, and the setting that has the address of one that runs already."""


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
        name: (getattr(settings, field, None) or "").split(",")
        for name, field in URLS.items()
        if name in settings.connectors and not is_started_here(settings, name)
    }
    left = [
        name
        for name in settings.connectors
        if name not in addresses or place < len(addresses[name])
    ]
    own = {
        URLS[name]: addresses[name][place].strip() for name in left if any(addresses.get(name, ()))
    }
    return evolve(settings, worker_id=settings.worker_id + suffix, connectors=tuple(left), **own)


def engines(post: Post, ports: Ports, environ: Mapping[str, str]) -> list[Supervisor]:
    """The engines that the agent starts for a post."""
    return [
        _engine(name, post, ports, environ)
        for name in KINDS
        if name in post.settings.connectors and is_started_here(post.settings, name)
    ]


def _engine(name: str, post: Post, ports: Ports, environ: Mapping[str, str]) -> Supervisor:
    settings, gpu = post.settings, post.gpu
    wanted = EngineSettings(
        directory=getattr(settings, f"{name}_dir"),
        python=getattr(settings, f"{name}_python"),
        extra=getattr(settings, f"{name}_args"),
        port=getattr(settings, f"{name}_first_port"),
        state_dir=settings.state_dir / (gpu.label if gpu else "cpu") / name,
        gpu=gpu.uuid if gpu else None,
        environ=environ,
        own_names=variables(AgentSettings),
    )
    limits = Limits(start_s=settings.engine_start_s, outlives_s=settings.engine_outlives_agent_s)
    return Supervisor(name, partial(KINDS[name], wanted), wanted.port, ports, limits)


def is_started_here(settings: AgentSettings, name: str) -> bool:
    """Whether the agent starts the engine of a connector itself."""
    return getattr(settings, f"{name}_dir", None) is not None
