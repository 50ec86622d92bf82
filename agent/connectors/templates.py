"""Mapping of jobs to requests and of answers to results: JSON with JSONPath (RFC 9535) in it.

A text that begins with `$` is a path: it becomes the one value it leads to, or the list of all if
it leads to several. `$$` at the beginning is a plain `$`. Anything else stays what it is.
"""

from typing import Any

from agent.connectors.answers import is_array, is_object


class TemplateError(ValueError):
    """A path is none, or leads nowhere; the message names it."""


def filled(template: Any, document: Any) -> Any:
    """Return the template with its paths followed in `document`. Raises `TemplateError`."""
    if is_object(template):
        return {key: filled(value, document) for key, value in template.items()}
    if is_array(template):
        return [filled(value, document) for value in template]
    if not isinstance(template, str) or not template.startswith("$"):
        return template
    if template.startswith("$$"):
        return template[1:]
    return _one(template, document)


def values_at(path: str, document: Any) -> list[Any]:
    """Return every value that a path leads to. Raises `TemplateError` for what is no path."""
    from jsonpath import findall  # noqa: PLC0415 - slow to import, and few need it
    from jsonpath.exceptions import JSONPathError  # noqa: PLC0415

    try:
        return list(findall(path, document))
    except JSONPathError as error:
        raise TemplateError(f"{path!r} is no JSONPath: {error}") from error


def value_at(field: str, document: Any) -> Any:
    """Return the value under a plain name, or where a path leads first; `None` without one."""
    if field.startswith("$"):
        return next(iter(values_at(field, document)), None)
    return document.get(field) if is_object(document) else None


def _one(path: str, document: Any) -> Any:
    found = values_at(path, document)
    if not found:
        raise TemplateError(f"{path} leads to nothing; there is {_shape(document)}")
    return found[0] if len(found) == 1 else found


def _shape(document: Any) -> str:
    if is_object(document):
        return f"an object with {', '.join(map(str, document)) or 'nothing'}"
    return f"a value of type {type(document).__name__}"
