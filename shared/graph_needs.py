"""What a ComfyUI graph says that a worker must have: node classes, and files of weights.

Only what sets workers apart is read. The classes of every ComfyUI are left out, so that workflows
which any worker can run stay in one lane.
"""

from collections.abc import Iterator
from posixpath import splitext
from typing import Any, cast

from attrs import frozen

from shared.core_nodes import CORE_NODES
from shared.graphs import Graph, linked_nodes

MODEL_SUFFIXES = frozenset(
    {".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".onnx"}
)
LOADER_INPUTS = frozenset(
    {
        "ckpt_name",
        "clip_name",
        "clip_name1",
        "clip_name2",
        "clip_name3",
        "clip_name4",
        "control_net_name",
        "gligen_name",
        "hypernetwork_name",
        "lora_name",
        "model_name",
        "photomaker_model_name",
        "style_model_name",
        "unet_name",
        "vae_name",
    }
)
"""Inputs that name a file of weights wherever they occur. Others may name one to be written."""


@frozen
class GraphNeeds:
    """What a graph takes for granted. Both are sorted and without repeats."""

    models: tuple[str, ...]  # with "/" between folders, whatever the author's machine has
    custom_nodes: tuple[str, ...]


def graph_needs(graph: Graph) -> GraphNeeds:
    """Read a graph that `find_graph` has checked.

    A loader whose model nobody takes never runs, so it needs none.
    """
    used = linked_nodes(graph)
    models = {name for node_id in used & graph.keys() for name in _models(graph[node_id]["inputs"])}
    classes = {node["class_type"] for node in graph.values()}
    return GraphNeeds(tuple(sorted(models)), tuple(sorted(classes - CORE_NODES)))


def is_model_name(value: object) -> bool:
    """Whether a value of an input names a file of weights."""
    return isinstance(value, str) and splitext(value)[1].lower() in MODEL_SUFFIXES


def plain_name(name: str) -> str:
    r"""The name of a model as jobs and workers write it to each other: `sdxl\a.sft` is `sdxl/a.sft`."""
    return name.replace("\\", "/")


def _models(inputs: dict[str, Any]) -> Iterator[str]:
    for name, value in inputs.items():
        if name in LOADER_INPUTS:
            named = value
        elif isinstance(value, dict):
            named = _stacked(cast("dict[str, Any]", value))
        else:
            continue
        if is_model_name(named):
            yield plain_name(named)


def _stacked(row: dict[str, Any]) -> Any:
    """Return the LoRA of one row of a loader of many, `{"on": true, "lora": …, "strength": …}`."""
    return row.get("lora") if row.get("on") is True else None
