"""Moments in requests: ISO 8601 with a zone, or a number of milliseconds or seconds since 1970."""

import math
from datetime import datetime

from shared.envelopes import SECONDS_UP_TO
from shared.fields import FieldError

Moment = int | float | str
FORMS = (
    "ISO 8601 with a zone, or milliseconds since 1970 (a number below 10^11: seconds); "
    "answers tell milliseconds"
)
ACCEPTED = "ISO 8601 with a zone (2027-01-31T08:00:00Z), or milliseconds since 1970"
LATEST_MS = 9_999_999_999_999


def milliseconds(field: str, given: float | str) -> int:
    """The moment in milliseconds. Raises `FieldError`, which names `field`."""
    if isinstance(given, str):
        return _bounded(field, _parsed(field, given).timestamp() * 1000)
    return _bounded(field, given * 1000 if abs(given) < SECONDS_UP_TO else given)


def _parsed(field: str, given: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise FieldError(field, "is no time that can be read", ACCEPTED) from None
    if moment.tzinfo is None:
        raise FieldError(field, "has no zone", ACCEPTED)
    return moment


def _bounded(field: str, moment_ms: float) -> int:
    if not math.isfinite(moment_ms) or not 0 <= moment_ms <= LATEST_MS:
        raise FieldError(field, "is not between the years 1970 and 2286", ACCEPTED)
    return round(moment_ms)


def moment_of(field: str, given: float | str | None) -> int | None:
    """The same of what may be missing, and of numbers in a query."""
    if given is None:
        return None
    if isinstance(given, str) and given.removeprefix("-").isdecimal():
        return milliseconds(field, int(given))
    return milliseconds(field, given)
