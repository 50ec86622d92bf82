"""Answers as results: the response template, and files that lie in the answer."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

from agent.connectors.answers import is_object
from agent.connectors.base import ConnectorError, OutputFile, Result
from agent.connectors.media import sniffed, suffix_of
from agent.connectors.templates import TemplateError, filled, values_at


def make_result(answer: Any, template: dict[str, Any] | None, files: str | None) -> Result:
    """Return the result that an answer's JSON holds. Raises `ConnectorError`."""
    try:
        data = answer if template is None else filled(template, answer)
        found = values_at(files, answer) if files else []
    except TemplateError as error:
        raise ConnectorError(f"the answer does not fit the response template: {error}") from error
    return Result(
        data=data if is_object(data) else {"result": data},
        files=tuple(_file(number, value) for number, value in enumerate(found, 1)),
    )


def _file(number: int, value: object) -> OutputFile:
    if not isinstance(value, str):
        raise ConnectorError(f"file {number} of the answer is no text but {type(value).__name__}")
    try:
        content = b64decode(value.rpartition(",")[2], validate=True)
    except (Base64Error, ValueError) as error:
        raise ConnectorError(f"file {number} of the answer is no base64: {error}") from error
    media_type = sniffed(content)
    return OutputFile(
        filename=f"file_{number:05}.{suffix_of(media_type)}",
        mime_type=media_type,
        content=content,
    )
