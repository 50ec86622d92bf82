"""How deep values may be nested."""

from typing import Any

MAX_DEPTH = 64
"""How deep objects and lists may be nested in a frame."""
PAYLOAD_DEPTH = MAX_DEPTH - 1
"""And in a payload, which has a frame around it on its way to a worker."""
_NESTED = (dict, list)


def is_deeper(document: Any, levels: int) -> bool:
    """Whether objects and lists are nested more than so many levels deep."""
    level: list[Any] = [document] if isinstance(document, _NESTED) else []
    for _ in range(levels):
        # Of every graph that is submitted each value is looked at: a call for each would show.
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)  # pyright: ignore[reportUnknownVariableType] - of any type
            if isinstance(inner, _NESTED)
        ]
        if not level:
            return False
    return bool(level)
