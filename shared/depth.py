"""How deep values may be nested."""

from collections.abc import Collection
from typing import Any, cast

MAX_DEPTH = 64
"""How deep objects and lists may be nested in a frame."""
PAYLOAD_DEPTH = MAX_DEPTH - 1
"""And in a payload, which has a frame around it on its way to a worker."""


def is_deeper(document: Any, levels: int) -> bool:
    """Whether objects and lists are nested more than so many levels deep."""
    level: list[Any] = [document] if isinstance(document, (dict, list)) else []
    for _ in range(levels):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return bool(level)


def _inside(value: Any) -> list[Any]:
    inner: Collection[Any] = (
        cast("dict[str, Any]", value).values() if isinstance(value, dict) else value
    )
    return [each for each in inner if isinstance(each, (dict, list))]
