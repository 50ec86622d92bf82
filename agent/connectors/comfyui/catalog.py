"""What one ComfyUI has, from its /object_info."""

from collections.abc import Iterator
from typing import Any

from agent.connectors.answers import is_object
from agent.connectors.comfyui.failures import choices_of
from shared.graph_needs import is_model_name, plain_name


def model_names(object_info: dict[str, Any]) -> tuple[str, ...]:
    """Return every file of weights that some loader offers, sorted, with "/" between folders."""
    names = {plain_name(name) for name in _choices(object_info) if is_model_name(name)}
    return tuple(sorted(names))


def _choices(object_info: dict[str, Any]) -> Iterator[Any]:
    for node in object_info.values():
        for inputs in node.get("input", {}).values():
            for config in inputs.values() if is_object(inputs) else ():
                yield from choices_of(config)
