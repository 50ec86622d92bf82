"""Free labels of workers, and what jobs may ask of them.

A worker has texts by name (`disk=nvme`). A job states conditions: a plain value, or an object of
operators, all of which must hold:

    {"disk": "nvme", "zone": {"in": ["a", "b"]}, "driver": {">=": 550}, "nvlink": {"exists": true},
     "tier": {"not": "spot"}}
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from math import isfinite
from typing import Any, cast

from attrs import frozen

from shared.fields import FieldError

NAME = re.compile(r"[A-Za-z0-9][\w./-]{0,62}", re.ASCII)
NAMES = "1 to 63 letters, digits or any of _ . / -, beginning with a letter or a digit"
LONGEST = 200
MOST_VALUES = 200
_ABSENT = "no such label"


class Operator(StrEnum):
    """How a label is judged."""

    IS = "="
    IN = "in"
    AT_LEAST = ">="  # as numbers
    EXISTS = "exists"
    ABSENT = "absent"  # {"exists": false}
    NOT = "not"  # none of the values; a worker without the label will do


@frozen
class LabelNeed:
    """One condition on one label."""

    label: str
    operator: Operator
    values: tuple[str, ...] = ()

    def is_met(self, labels: Mapping[str, str]) -> bool:
        """Whether a worker with these labels will do."""
        has = labels.get(self.label)
        match self.operator:
            case Operator.ABSENT:
                return has is None
            case Operator.NOT:
                return has not in self.values
            case Operator.EXISTS:
                return has is not None
            case Operator.IS | Operator.IN:
                return has in self.values
            case _:  # at least
                return has is not None and _number(has) >= float(self.values[0])

    @property
    def words(self) -> str:
        """What is asked."""
        return " ".join((self.operator.value, ", ".join(sorted(self.values)))).strip()

    def has_words(self, labels: Mapping[str, str]) -> str:
        """What a worker has instead."""
        return labels.get(self.label, _ABSENT)


def label_needs(asked: Mapping[str, Any]) -> tuple[LabelNeed, ...]:
    """The conditions in a job's `labels`. Raises `FieldError`."""
    return tuple(need for name, value in asked.items() for need in _needs(_named(name), value))


def worker_labels(text: str) -> tuple[tuple[str, str], ...]:
    """Labels from `disk=nvme,nvlink`; one without a value is true. Raises `FieldError`."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    pairs = [(name.strip(), value.strip()) for name, _, value in map(_parted, parts)]
    return tuple((_named(name), _text(name, value)) for name, value in pairs)


def _parted(part: str) -> tuple[str, str, str]:
    return part.partition("=") if "=" in part else (part, "=", "true")


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise FieldError(name[:80], "is no name of a label", NAMES)
    return name


def _needs(name: str, value: Any) -> Iterator[LabelNeed]:
    if not isinstance(value, dict):
        yield LabelNeed(name, Operator.IS, (_text(name, value),))
        return
    if not value:
        raise FieldError(name, "says nothing", _FORMS)
    for operator, wanted in cast("dict[str, Any]", value).items():
        read = _READERS.get(operator)
        if read is None:
            raise FieldError(f"{name}.{operator[:20]}", "is no operator", _FORMS)
        yield read(name, wanted)


def _is(name: str, wanted: Any) -> LabelNeed:
    return LabelNeed(name, Operator.IS, (_text(name, wanted),))


def _in(name: str, wanted: Any) -> LabelNeed:
    return LabelNeed(name, Operator.IN, _texts(f"{name}.in", wanted))


def _not(name: str, wanted: Any) -> LabelNeed:
    values = cast("list[Any]", wanted) if isinstance(wanted, list) else [wanted]
    return LabelNeed(name, Operator.NOT, _texts(f"{name}.not", values))


def _exists(name: str, wanted: Any) -> LabelNeed:
    if not isinstance(wanted, bool):
        raise FieldError(f"{name}.exists", "is not true or false", "true or false")
    return LabelNeed(name, Operator.EXISTS if wanted else Operator.ABSENT)


def _at_least(name: str, wanted: Any) -> LabelNeed:
    if isinstance(wanted, bool) or not isinstance(wanted, (int, float)):
        raise FieldError(f"{name}.>=", "is not a number", "a number")
    return LabelNeed(name, Operator.AT_LEAST, (_text(name, wanted),))


def _texts(name: str, values: Any) -> tuple[str, ...]:
    accepted = f"a list of 1 to {MOST_VALUES} values"
    if not isinstance(values, list) or not 1 <= len(cast("list[Any]", values)) <= MOST_VALUES:
        raise FieldError(name, "is no list of values", accepted)
    return tuple(dict.fromkeys(_text(name, each) for each in cast("list[Any]", values)))


def _text(name: str, value: Any) -> str:
    """A value as text: JSON's numbers and truths are welcome."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    if not isinstance(value, (str, int, float)) or len(text) > LONGEST:
        raise FieldError(
            name, "is no value", f"a text of at most {LONGEST} characters, a number, true or false"
        )
    return text


def _number(text: str) -> float:
    """The number that a label says; one that says none is below all."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    return number if isfinite(number) else float("-inf")


_READERS = {
    Operator.IS.value: _is,
    Operator.IN.value: _in,
    Operator.AT_LEAST.value: _at_least,
    Operator.EXISTS.value: _exists,
    Operator.NOT.value: _not,
}
_FORMS = f"a value, or an object with any of {', '.join(_READERS)}"
