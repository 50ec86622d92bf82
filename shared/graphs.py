"""Reading ComfyUI workflows in the API format: `{node_id: {class_type, inputs, _meta?}}`.

An input is a value or a link, `[node_id, slot]`, to an output of another node.
"""

from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeGuard, cast

from attrs import frozen

GRAPH_KEYS = ("workflow", "prompt")
SAMPLERS = frozenset({"KSampler", "KSamplerAdvanced"})

_EXPORT_REMEDY = (
    "this is a workflow in ComfyUI's UI format, which cannot be run; export it with "
    "Workflow > Export (API), in older versions enable Dev mode options, then Save (API Format)"
)

Graph = dict[str, Any]
"""Node id → node, as `find_graph` checked it."""


class GraphError(ValueError):
    """The payload holds no runnable graph; the message names the fault and the remedy."""


@frozen(kw_only=True)
class PictureFacts:
    """What a text-to-image graph says about its picture. Sides are pixels."""

    width: int
    height: int
    seed: int  # 0 … 2**64-1
    steps: int
    batch_size: int
    prompt_text: str


def has_graph(payload: dict[str, Any]) -> bool:
    """Whether the payload means to bring a graph, sound or not. A `prompt` of text is none."""
    return (
        "workflow" in payload
        or not isinstance(payload.get("prompt", ""), str)
        or _is_ui_format(payload)
        or any(_is_object(value) and "class_type" in value for value in payload.values())
    )


def find_graph(payload: dict[str, Any]) -> Graph:
    """Return the graph under `workflow`, else under `prompt`, else the payload itself.

    Raises `GraphError` for the UI format and for anything else that is not a graph.
    """
    where, graph = next(
        ((key, payload[key]) for key in GRAPH_KEYS if key in payload), ("payload", payload)
    )
    if not _is_object(graph):
        raise GraphError(f"{where}: expected an object of nodes, got {type(graph).__name__}")
    if _is_ui_format(graph):
        raise GraphError(f"{where}: {_EXPORT_REMEDY}")
    if not graph:
        raise GraphError(f"{where}: expected a graph of at least one node, got an empty object")
    for node_id, node in graph.items():
        _check_node(f"{where}: node {node_id!r}", node)
    return graph


def node_title(graph: Graph, node_id: str) -> str:
    """Return the title its author gave the node, else its class."""
    node = graph[node_id]
    meta = node.get("_meta")
    title = meta.get("title") if _is_object(meta) else None
    return title if title and isinstance(title, str) else node["class_type"]


def execution_order(graph: Graph) -> list[str]:
    """List the node ids so that each comes after all it takes input from.

    Raises `GraphError` for a cycle and for a link to a node that is not there.
    """
    sources = {node_id: _sources(graph, node_id) for node_id in graph}
    try:
        return list(TopologicalSorter(sources).static_order())
    except CycleError as error:
        cycle = " → ".join(cast("list[str]", error.args[1]))
        raise GraphError(f"the graph has a cycle: {cycle}; remove one of its links") from error


def linked_nodes(graph: Graph) -> set[str]:
    """Return the ids that some input is linked to, be they in the graph or not."""
    links = (_link(value) for node in graph.values() for value in node["inputs"].values())
    return {node_id for node_id in links if node_id is not None}


def picture_facts(graph: Graph, *, default_steps: int = 20) -> PictureFacts:
    """Read what the nodes say; what none says is 512 by 512, seed 0 and `default_steps`.

    The first sampler in execution order counts. Raises `GraphError` as `execution_order` does,
    and for an input that is not a whole number.
    """
    order = execution_order(graph)
    latent = _first(order, lambda node_id: _is_empty_latent(graph[node_id]))
    sampler = _first(order, lambda node_id: graph[node_id]["class_type"] in SAMPLERS)
    return PictureFacts(
        width=_whole(graph, latent, ("width",), 512),
        height=_whole(graph, latent, ("height",), 512),
        seed=_whole(graph, sampler, ("seed", "noise_seed"), 0),
        steps=_whole(graph, sampler, ("steps",), default_steps),
        batch_size=_whole(graph, latent, ("batch_size",), 1),
        prompt_text=_positive_text(graph, sampler),
    )


def sampler_steps(graph: Graph, *, default_steps: int = 20) -> dict[str, int]:
    """Return the number of steps of each sampler, by node id. Raises as `picture_facts` does."""
    return {
        node_id: _whole(graph, node_id, ("steps",), default_steps)
        for node_id in execution_order(graph)
        if graph[node_id]["class_type"] in SAMPLERS
    }


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_ui_format(value: dict[str, Any]) -> bool:
    return isinstance(value.get("nodes"), list) and isinstance(value.get("links"), list)


def _check_node(where: str, node: object) -> None:
    if not _is_object(node):
        raise GraphError(
            f"{where}: expected an object with class_type and inputs, got {type(node).__name__}"
        )
    if not isinstance(node.get("class_type"), str):
        raise GraphError(f"{where}: class_type must be the name of a node class")
    if not isinstance(node.get("inputs"), dict):
        raise GraphError(f"{where}: inputs must be an object of input names and values")


def _link(value: object) -> str | None:
    """Return the node id that `value` links to; None when it is a plain value."""
    match value:
        case [str() as node_id, int()]:
            return node_id
        case _:
            return None


def _sources(graph: Graph, node_id: str) -> list[str]:
    links = {name: _link(value) for name, value in graph[node_id]["inputs"].items()}
    for name, source in links.items():
        if source is not None and source not in graph:
            raise GraphError(
                f"node {node_id!r}: input {name!r} is linked to node {source!r}, "
                "which is not in the graph"
            )
    return [source for source in links.values() if source is not None]


def _first(order: list[str], matches: Callable[[str], bool]) -> str | None:
    return next(filter(matches, order), None)


def _is_empty_latent(node: dict[str, Any]) -> bool:
    """EmptyLatentImage, EmptySD3LatentImage and their many likes."""
    return node["class_type"].startswith("Empty") and {"width", "height"} <= node["inputs"].keys()


def _value(graph: Graph, node_id: str, name: str) -> Any:
    """Return an input's value, through links to primitive nodes; None when a node computes it."""
    value = graph[node_id]["inputs"].get(name)
    while (source := _link(value)) is not None:
        inputs = graph[source]["inputs"]
        value = inputs.get(name, inputs.get("value"))
    return value


def _whole(graph: Graph, node_id: str | None, names: tuple[str, ...], default: int) -> int:
    """Return the first of the named inputs that is there, read as ComfyUI does: "64" is 64."""
    if node_id is None:
        return default
    for name in names:
        value = _value(graph, node_id, name)
        if value is not None:
            return _to_whole(f"node {node_id!r}: input {name!r}", value)
    return default


def _to_whole(where: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise GraphError(f"{where} must be a whole number, got {value!r}") from error


def _positive_text(graph: Graph, sampler: str | None) -> str:
    """Return the text of the encoder nearest to the sampler's `positive` input."""
    source = None if sampler is None else _link(graph[sampler]["inputs"].get("positive"))
    if source is None:
        return ""
    texts = (_value(graph, node_id, "text") for node_id in _upstream(graph, source))
    return next((text for text in texts if isinstance(text, str)), "")


def _upstream(graph: Graph, node_id: str) -> Iterator[str]:
    """Walk from a node to all it depends on; encoders hide behind ControlNet and such."""
    waiting, seen = [node_id], set[str]()
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            yield current
            waiting.extend(reversed(_sources(graph, current)))
