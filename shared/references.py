"""References in the payload of a step: `{"$from": "step", "path": "/files/0/url"}`.

`path` is a JSON Pointer (RFC 6901) into the result of the step; without it, the whole result is
meant. Whatever the pointer finds takes the place of the reference, a list or an object too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from attrs import frozen

FROM = "$from"
PATH = re.compile(r"(/([^~/]|~[01])*)*")
INDEX = re.compile(r"0|[1-9]\d{0,8}")


class MalformedReferenceError(ValueError):
    """An object with `$from` that is no reference."""


class UnresolvedReferenceError(ValueError):
    """There is nothing where a reference points to; the message names it."""


@frozen
class Reference:
    """A place in the result of a step."""

    step: str
    path: str = ""

    def __str__(self) -> str:
        return f"$from {self.step!r}, path {self.path!r}"

    def found_in(self, result: Any) -> Any:
        """What the reference stands for. Raises `UnresolvedReferenceError`."""
        for part in self.path.split("/")[1:]:
            result = self._inside(result, part.replace("~1", "/").replace("~0", "~"))
        return result

    def _inside(self, value: Any, name: str) -> Any:
        if isinstance(value, dict) and name in value:
            return cast("dict[str, Any]", value)[name]
        if isinstance(value, list) and INDEX.fullmatch(name):
            items = cast("list[Any]", value)
            if int(name) < len(items):
                return items[int(name)]
        raise UnresolvedReferenceError(f"{self}: the result has no {name!r} there")


def references(document: Any) -> Iterator[Reference]:
    """Every reference in a payload. Raises `MalformedReferenceError`."""
    if isinstance(document, dict):
        fields = cast("dict[str, Any]", document)
        if FROM in fields:
            yield _reference(fields)
            return
        document = list(fields.values())
    if isinstance(document, list):
        for each in cast("list[Any]", document):
            yield from references(each)


def resolved(document: Any, results: Mapping[str, Any]) -> Any:
    """The payload with what its references stand for. Raises `UnresolvedReferenceError`."""
    if isinstance(document, dict):
        fields = cast("dict[str, Any]", document)
        if FROM in fields:
            reference = _reference(fields)
            return reference.found_in(results[reference.step])
        return {name: resolved(each, results) for name, each in fields.items()}
    if isinstance(document, list):
        return [resolved(each, results) for each in cast("list[Any]", document)]
    return document


def _reference(fields: dict[str, Any]) -> Reference:
    step, path = fields[FROM], fields.get("path", "")
    if set(fields) - {FROM, "path"} or not isinstance(step, str):
        raise MalformedReferenceError('an object with $from has a step\'s name, and "path" at most')
    if not isinstance(path, str) or not PATH.fullmatch(path):
        raise MalformedReferenceError(
            f"path {path!r} of $from {step!r} is no JSON Pointer, as /files/0/url is one"
        )
    return Reference(step, path)
