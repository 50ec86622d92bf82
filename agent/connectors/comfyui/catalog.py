"""What one ComfyUI has, from its /object_info."""

from collections.abc import Iterator
from typing import Any

from agent.connectors.answers import is_array, is_object
from shared.graph_needs import is_model_name, plain_name


def model_names(object_info: dict[str, Any]) -> tuple[str, ...]:
    """Return every file of weights that some loader offers, sorted, with "/" between folders."""
    names = {plain_name(name) for name in _choices(object_info) if is_model_name(name)}
    return tuple(sorted(names))


def choices_of(config: object) -> list[Any]:
    """Return what an input may be: `[choices, …]`, or `["COMBO", {"options": choices}]`."""
    if not is_array(config) or not config:
        return []
    if config[0] == "COMBO" and len(config) > 1 and is_object(config[1]):
        config = [config[1].get("options")]
    return config[0] if is_array(config[0]) else []


def inputs_of(node: object) -> list[dict[str, Any]]:
    """Return the inputs of a node class by name: those required, those optional, those hidden."""
    groups = node.get("input") if is_object(node) else None
    return [each for each in groups.values() if is_object(each)] if is_object(groups) else []


def _choices(object_info: dict[str, Any]) -> Iterator[Any]:
    for node in object_info.values():
        for inputs in inputs_of(node):
            for config in inputs.values():
                yield from choices_of(config)
