"""What hashes hold, as values. A field that is not there, or empty, is None."""

from typing import Any

from shared.wire import load_json


def number(text: str | None) -> int | None:
    """An integer."""
    return int(text) if text else None


def document(text: str | None) -> Any:
    """A JSON document."""
    return load_json(text) if text else None
