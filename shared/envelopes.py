"""What is around the fields of a message: its id, its time, its sender, and what nobody knows."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from shared.depth import MAX_DEPTH, is_deeper
from shared.messages.message import Envelope

SECONDS_UP_TO = 1e11
"""A smaller timestamp is in seconds: as milliseconds it would lie before 1974."""
OF_ENVELOPES = frozenset({"type", "id", "timestamp", "source"})


class WireError(ValueError):
    """A frame or document that cannot be read; the message names the field and the problem."""


class UnknownTypeError(WireError):
    """A frame whose `type` nobody here knows."""


def opened(fields: dict[str, Any], known: Collection[str]) -> Envelope:
    """The envelope of a frame whose class has the `known` fields. Raises `WireError`."""
    return Envelope(
        id=_id(fields.get("id", fields.get("message_id"))),
        timestamp=_milliseconds(fields.get("timestamp")),
        source=_source(fields.get("source")),
        extra={
            name: value
            for name, value in fields.items()
            if name not in known and name not in OF_ENVELOPES
        },
    )


def check_depth(document: Any, frame: str | bytes) -> None:
    """Raises `WireError` when `document`, read from `frame`, is nested too deeply."""
    if _brackets(frame) > MAX_DEPTH and is_deeper(document, MAX_DEPTH):
        raise WireError(f"not readable: nested too deeply; {MAX_DEPTH} levels are the most")


def _brackets(frame: str | bytes) -> int:
    if isinstance(frame, bytes):
        return frame.count(b"{") + frame.count(b"[")
    return frame.count("{") + frame.count("[")


def _id(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    raise WireError("id: expected a string")


def _source(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise WireError("source: expected a string")


def _milliseconds(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value).timestamp()
        except ValueError:
            value = False
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WireError("timestamp: expected milliseconds or seconds since 1970, or an ISO time")
    return int(value * 1000 if abs(value) < SECONDS_UP_TO else value)
