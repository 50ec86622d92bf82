"""What would be right for a field at fault: from what msgspec says of it, and the declared types."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

_NAMED = re.compile(r"field `(.+?)`")
_TOLD = "what /docs says of this field"
_WORDS: dict[type[inspect.Type], str] = {
    inspect.StrType: "a text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.DictType: "an object",
    inspect.ListType: "a list",
    inspect.VarTupleType: "a list",
}


def fault(problem: str, where: str, declared: Any) -> dict[str, str]:
    """The field at fault. `where` is a path in a value of the type `declared`; empty for all of it.

    msgspec names a missing or unknown field in its message only.
    """
    named = _NAMED.search(problem)
    name = ".".join(part for part in (where, named and named[1]) if part)
    types = list(_types_at(inspect.type_info(declared), re.findall(r"[^.\[\]]+", where)))
    accepted = _accepted(problem, types, named[1] if named else "")
    return {"field": name or "body", "problem": problem, "accepted": accepted or _TOLD}


def _accepted(problem: str, types: list[inspect.Type], name: str) -> str:
    if problem.startswith("Expected "):
        return problem.removeprefix("Expected ").partition(", got ")[0]
    if "unknown field" in problem:
        return ", ".join(field.encode_name for type_ in types for field in _fields(type_))
    if "missing required field" in problem:
        inner = (each for type_ in types for each in _types_at(type_, [name]))
        return " or ".join(dict.fromkeys(_WORDS.get(type(each), _TOLD) for each in inner))
    return ", ".join(value for type_ in types for value in _values(type_))


def _types_at(type_: inspect.Type, path: list[str]) -> Iterator[inspect.Type]:
    """Every type that may stand there."""
    inner = list(_within(type_, path))
    if not path and not inner:
        yield type_
    for each, rest in inner:
        yield from _types_at(each, rest)


def _within(type_: inspect.Type, path: list[str]) -> Iterator[tuple[inspect.Type, list[str]]]:
    if isinstance(type_, inspect.Metadata):
        yield type_.type, path
    elif isinstance(type_, inspect.UnionType):
        yield from ((each, path) for each in type_.types)
    elif path and isinstance(type_, (inspect.ListType, inspect.VarTupleType)):
        yield type_.item_type, path[1:]
    elif path:
        yield from ((each.type, path[1:]) for each in _fields(type_) if each.encode_name == path[0])


def _fields(type_: inspect.Type) -> tuple[inspect.Field, ...]:
    return type_.fields if isinstance(type_, inspect.StructType) else ()


def _values(type_: inspect.Type) -> list[str]:
    if isinstance(type_, inspect.EnumType):
        return [str(member.value) for member in type_.cls]
    return [str(each) for each in type_.values] if isinstance(type_, inspect.LiteralType) else []
