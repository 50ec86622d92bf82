"""Bounds that settings are held to."""

from typing import Any

from attrs import validators


def between(low: float, high: float) -> Any:
    """A validator of attrs for numbers from `low` to `high`, both included."""
    return validators.and_(validators.ge(low), validators.le(high))


PORT = between(1, 65535)
PORT_OR_ANY = between(0, 65535)
"""0 stands for any that is free."""
