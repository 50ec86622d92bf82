"""What one ComfyUI has, from its /object_info."""

from collections.abc import Iterator
from typing import Any

from agent.connectors.answers import is_object
from agent.connectors.comfyui.failures import choices_of, is_model_name


def model_names(object_info: dict[str, Any]) -> tuple[str, ...]:
    """Return every file of weights that some loader offers, sorted."""
    return tuple(sorted({name for name in _choices(object_info) if is_model_name(name)}))


def _choices(object_info: dict[str, Any]) -> Iterator[Any]:
    for node in object_info.values():
        for inputs in node.get("input", {}).values():
            for config in inputs.values() if is_object(inputs) else ():
                yield from choices_of(config)
