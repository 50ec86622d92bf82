"""What a service answers over HTTP, and JSON taken for what it is."""

import json
from typing import Any, TypeGuard

from attrs import frozen


class NoAnswerError(Exception):
    """No usable answer came: refused, cut off, timed out or not what the route returns."""


@frozen
class Answer:
    """One complete HTTP answer, whatever its status."""

    status: int
    media_type: str
    content: bytes

    def json(self) -> Any:
        """Return the JSON body; `None` when it is none, as in many a 500 answer.

        NaN and infinities, which engines in Python write although JSON has none, become `None`.
        """
        try:
            return json.loads(self.content, parse_constant=lambda _constant: None)
        except ValueError:
            return None

    def excerpt(self) -> str:
        """Return the start of the body as text, for messages."""
        return self.content[:200].decode(errors="replace").strip()


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)
