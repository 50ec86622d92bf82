"""The connectors of a post: those to engines of ours are under watch."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from attrs import evolve

from agent.connectors.base import Connector
from agent.engines import Supervisor
from agent.inventory import is_busy
from agent.settings import AgentSettings
from agent.stations.posts import URLS, Post
from agent.stations.watched import Patience, Watched

MakeConnectors = Callable[[AgentSettings], Sequence[Connector]]


def connectors(post: Post, engines: Sequence[Supervisor], make: MakeConnectors) -> list[Connector]:
    """Make them for the engines as they are now."""
    by_name = {each.name: each for each in engines}
    urls: dict[str, Any] = {URLS[name]: each.url for name, each in by_name.items()}
    return [
        _watched(post, each, by_name[each.name]) if each.name in by_name else each
        for each in make(evolve(post.settings, **urls))
    ]


def _watched(post: Post, connector: Connector, engine: Supervisor) -> Watched:
    settings = post.settings
    patience = Patience(load_s=settings.engine_load_s, silence_s=settings.engine_silence_s)
    return Watched(connector, engine, patience, partial(is_busy, post.gpu))
