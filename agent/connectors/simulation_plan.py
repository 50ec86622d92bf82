"""What the simulation is to do for a graph, read and checked before any of it is done."""

import re
from collections import Counter
from typing import Any

from attrs import frozen

from agent.connectors.base import ConnectorError
from agent.connectors.pacing import Stage
from shared.graphs import (
    Graph,
    GraphError,
    PictureFacts,
    execution_order,
    find_graph,
    node_title,
    picture_facts,
    sampler_steps,
)
from shared.states import ErrorClass

_MAX_PREFIX = 50  # characters, since a file system takes names of 255 bytes


@frozen(kw_only=True)
class Plan:
    """The run of one graph. `names` holds the files of each saving node, by node id."""

    graph: Graph
    facts: PictureFacts
    stages: tuple[Stage, ...]
    names: dict[str, list[str]]


def plan(payload: dict[str, Any], default_steps: int) -> Plan:
    """Plan the run of the payload's graph; `default_steps` is for samplers that name none.

    Raises `ConnectorError` of class VALIDATION for anything that cannot be run.
    """
    try:
        graph = find_graph(payload)
        order = execution_order(graph)
        facts = picture_facts(graph, default_steps=default_steps)
        steps = sampler_steps(graph, default_steps=default_steps)
    except GraphError as error:
        raise invalid(str(error)) from error
    _check_limits(facts, steps)
    return Plan(
        graph=graph,
        facts=facts,
        stages=tuple(
            Stage(node=node_id, title=node_title(graph, node_id), steps=steps.get(node_id, 0))
            for node_id in order
        ),
        names=_names(graph, order, facts.batch_size),
    )


def invalid(message: str) -> ConnectorError:
    """Return the error for a payload that no retry can help."""
    return ConnectorError(message, error_class=ErrorClass.VALIDATION)


def _check_limits(facts: PictureFacts, steps: dict[str, int]) -> None:
    limits = [
        ("width", facts.width, 1, 4096),
        ("height", facts.height, 1, 4096),
        ("batch_size", facts.batch_size, 1, 16),
        ("seed", facts.seed, 0, 2**64 - 1),
        *((f"node {node_id!r}: steps", count, 1, 1000) for node_id, count in steps.items()),
    ]
    for name, value, low, high in limits:
        if not low <= value <= high:
            raise invalid(f"{name} must be from {low} to {high}, got {value}")


def _names(graph: Graph, order: list[str], batch_size: int) -> dict[str, list[str]]:
    """Name the files as ComfyUI does, counting on where nodes share a prefix."""
    taken = Counter[str]()
    names: dict[str, list[str]] = {}
    for node_id in order:
        if not graph[node_id]["class_type"].startswith("SaveImage"):
            continue
        prefix = _prefix(graph[node_id]["inputs"].get("filename_prefix"))
        first = taken[prefix] + 1
        names[node_id] = [f"{prefix}_{first + index:05}_.png" for index in range(batch_size)]
        taken[prefix] += batch_size
    return names


def _prefix(value: object) -> str:
    """Keep what is safe of the prefix's last part; folders are dropped."""
    last_part = re.split(r"[/\\]", value)[-1] if isinstance(value, str) else ""
    return re.sub(r"[^\w.-]+", "_", last_part).strip("._")[:_MAX_PREFIX] or "ComfyUI"
