"""Frames: JSON text in and out of the classes in `messages`, by one converter.

Lenient in (unknown fields are kept apart, other spellings understood, `"all"` means no limit),
strict out. Free-form values (`params`, `result`) pass untouched, with integers of any size.
"""

import json
import math
import os
import time
from enum import StrEnum
from functools import cache
from typing import Any, NoReturn, TypeVar, cast, get_origin

import attrs
import cattrs
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.dispatch import StructureHook, UnstructureHook
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from shared.envelopes import UnknownTypeError, WireError, check_depth, opened
from shared.messages import MESSAGES, Envelope, Message
from shared.messages.spellings import EXPLAINED, respelled

__all__ = ["UnknownTypeError", "WireError"]

T = TypeVar("T")


def encode(message: Message) -> str:
    """The frame that says `message`."""
    return dump_json(document_of(message))


def document_of(message: Message) -> dict[str, Any]:
    """What a frame says, in its envelope."""
    fields = {name: value for name, value in unstructure(message).items() if value is not None}
    envelope = {
        "type": message.type,
        "id": os.urandom(16).hex(),
        "timestamp": time.time_ns() // 1_000_000,
    }
    return envelope | fields


def decode(frame: str | bytes, worker_id: str | None = None) -> Message:
    """The message in `frame`; `worker_id` is who speaks when the frame does not say it.

    Raises `UnknownTypeError` or `WireError`.
    """
    document = load_json(frame)
    check_depth(document, frame)
    if not isinstance(document, dict):
        raise WireError("a frame is a JSON object with a `type`")
    fields = cast("dict[str, Any]", document)
    name = fields.get("type")
    if not isinstance(name, str):
        raise WireError("type: expected the name of a message type")
    if name in EXPLAINED:
        raise UnknownTypeError(f"type: {name} means nothing here: {EXPLAINED[name]}")
    fields = respelled(fields)
    cls = MESSAGES.get(fields["type"])
    if cls is None:
        raise UnknownTypeError(f"type: {name[:100]!r} is not a message type")
    known = _fields_of(cls)
    if worker_id is not None and "worker_id" in known and fields.get("worker_id") is None:
        fields = fields | {"worker_id": worker_id}
    return structure(fields | {"envelope": opened(fields, known)}, cls)


@cache
def _fields_of(cls: type[Message]) -> frozenset[str]:
    return frozenset(each.name for each in attrs.fields(cls)) - {"envelope"}


def load_json(text: str | bytes) -> Any:
    """Strict JSON: finite numbers, UTF-8, bounded nesting. Raises `WireError`."""
    try:
        if isinstance(text, bytes):
            text = text.decode()  # json.loads would take UTF-16 as well
        return _decoder.decode(text)
    except RecursionError:
        raise WireError("not readable: nested too deeply") from None
    except UnicodeDecodeError as problem:
        raise WireError(f"not UTF-8: {problem}") from None
    except ValueError as problem:
        raise WireError(f"not JSON: {problem}") from None


def dump_json(document: Any) -> str:
    """Compact JSON. Raises `ValueError` for NaN and infinities."""
    return _encoder.encode(document)


def structure(document: Any, cls: type[T]) -> T:
    """`document` as an instance of `cls`. Raises `WireError` naming every field at fault."""
    try:
        return converter.structure(document, cls)
    except (cattrs.BaseValidationError, ValueError, TypeError) as problem:
        raise WireError("; ".join(_explained(problem))) from None


def unstructure(value: Any) -> Any:
    """`value` as JSON types."""
    return converter.unstructure(value)


def _explained(problem: Exception) -> list[str]:
    if not isinstance(problem, cattrs.BaseValidationError):
        return [str(problem)]
    lines = cattrs.transform_error(problem, format_exception=_reason)
    return [line.replace(" @ $.", " at ").replace(" @ $", "") for line in lines]


def _reason(problem: BaseException, _type: type | None) -> str:
    if isinstance(problem, KeyError):
        return f"{problem.args[0]} is missing"
    return str(problem)


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is out of range")
    return number


def _exactly(cls: type[Any], *accepted: type[Any]) -> Any:
    """A structure hook that takes `accepted` types only, where cattrs would convert."""

    def hook(value: Any, _: Any) -> Any:
        # bool is an int to Python, and never to JSON.
        if isinstance(value, accepted) and isinstance(value, bool) == (cls is bool):
            return cls(value)
        raise ValueError(f"expected {_NAMES[cls]}, got {_shown(value)}")

    return hook


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)[:60]


def _word(value: Any, cls: type[StrEnum]) -> StrEnum:
    words = {each.value: each for each in cls}
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"expected one of {', '.join(words)}, got {_shown(value)}")
    return words[value]


def _limits(value: Any, _: Any) -> tuple[str, ...] | None:
    if value is None or value == "all":
        return None
    return converter.structure(value, tuple[str, ...])


def _models(value: Any, _: Any) -> dict[str, tuple[str, ...]] | None:
    if value is None or value == "all":
        return None
    return converter.structure(value, dict[str, tuple[str, ...]])


def _from_list(cls: Any, made: cattrs.BaseConverter) -> StructureHook:
    """cattrs alone would take an object or a string for a list."""
    hook = homogenous_tuple_structure_factory(cls, made)

    def checked(value: Any, _: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise ValueError("expected a list")  # noqa: TRY004 - cattrs groups ValueErrors
        return hook(value, cls)

    return checked


def _from_object(cls: Any, made: cattrs.Converter) -> StructureHook:
    """cattrs alone would take a list or a string for an object that says nothing."""
    hook = make_dict_structure_fn(cls, made)
    return lambda value, _: hook(_object(value, _), cls)


def _without_envelope(cls: Any, made: cattrs.Converter) -> UnstructureHook:
    return make_dict_unstructure_fn(cls, made, envelope=override(omit=True))


def _is_message(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, Message)


def _object(value: Any, _: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - cattrs groups ValueErrors
    return cast("dict[str, Any]", value)


def _made() -> cattrs.Converter:
    made = cattrs.Converter(unstruct_collection_overrides={tuple: list})
    for cls, accepted in ((int, (int,)), (float, (int, float)), (str, (str,)), (bool, (bool,))):
        made.register_structure_hook(cls, _exactly(cls, *accepted))
    made.register_structure_hook(StrEnum, _word)
    made.register_structure_hook_factory(lambda cls: get_origin(cls) is tuple, _from_list)
    made.register_structure_hook_factory(attrs.has, _from_object)
    made.register_structure_hook(Envelope, lambda value, _: value)  # `decode` has made it
    made.register_unstructure_hook_factory(_is_message, _without_envelope)
    made.register_structure_hook_func(lambda cls: cls == tuple[str, ...] | None, _limits)
    made.register_structure_hook_func(lambda cls: cls == dict[str, tuple[str, ...]] | None, _models)
    made.register_structure_hook_func(lambda cls: cls == dict[str, Any], _object)
    # cattrs would walk a free-form value key by key, fifteen times the cost of the JSON itself.
    made.register_unstructure_hook_func(
        lambda cls: cls in (dict[str, Any], Any), lambda value: value
    )
    return made


_NAMES: dict[type[Any], str] = {
    int: "an integer",
    float: "a number",
    str: "a string",
    bool: "true or false",
}
converter = _made()
# `json.loads` and `json.dumps` would make one for every frame.
_decoder = json.JSONDecoder(parse_constant=_not_json, parse_float=_finite)
_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
