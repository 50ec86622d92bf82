"""AUTOMATIC1111's refusals and failures as errors that say what to do.

A 500 covers the caller's mistakes as well as the server's faults: only the name of the exception
and its text tell them apart. `docs/connectors.md` has the table.
"""

from typing import Any

from agent.connectors.answers import Answer, is_array, is_object
from agent.connectors.base import ConnectorError
from shared.states import ErrorClass

_UNAUTHORIZED = 401
_NOT_FOUND = 404
_UNPROCESSABLE = 422
_TEXT_LIMIT = 2000
_CALLERS_FAULTS = (
    "init image not found",
    "sampler not found",
    "invalid encoded image",
    "could not find upscaler",
    "bad sampler name",
    "script '",
    "request to local resource not allowed",
)
_NO_CHECKPOINT = (
    "No checkpoints found",
    "Could not find checkpoint",
    "SafetensorError",
    "deserializing header",
)


def foreign_answer(url: str, path: str, answer: Answer) -> ConnectorError:
    """Return the error for an answer that no route of the server gives on a good day."""
    if answer.status == _UNAUTHORIZED:
        remedy = "set the username and password of its --api-auth"
    elif answer.status == _NOT_FOUND:
        remedy = "start it with --api"
    else:
        remedy = "check the url"
    return ConnectorError(
        f"{url}{path} answered {answer.status} {answer.excerpt()!r}; {remedy}",
        error_class=ErrorClass.NETWORK,
    )


def refusal(url: str, path: str, answer: Answer) -> ConnectorError:
    """Return the error for an answer to a job's call that is not 200."""
    body = answer.json()
    if not is_object(body) or answer.status == _UNAUTHORIZED:
        return foreign_answer(url, path, answer)
    if answer.status == _NOT_FOUND and "error" not in body and body.get("detail") == "Not Found":
        return foreign_answer(url, path, answer)
    if answer.status == _UNPROCESSABLE and is_array(body.get("detail")):
        return ConnectorError(_faults(body["detail"]), error_class=ErrorClass.VALIDATION)
    kind, text = str(body.get("error", "")), _text(body)
    return ConnectorError(
        f"the server answered {answer.status}: {': '.join(filter(None, (kind, text)))}",
        error_class=_error_class(answer.status, kind, text),
        details={"status": answer.status, "exception_type": kind},
    )


def _faults(faults: list[Any]) -> str:
    """Return pydantic's complaints as `field: message`."""
    return "; ".join(
        f"{'.'.join(map(str, fault.get('loc', ())[1:])) or 'body'}: {fault.get('msg')}"
        for fault in faults
        if is_object(fault)
    )


def _text(body: dict[str, Any]) -> str:
    """Return the explanation, which each fork and each kind of error keeps elsewhere."""
    texts = (body.get(key) for key in ("detail", "errors", "message"))
    return next((str(text) for text in texts if text), "")[:_TEXT_LIMIT]


def _error_class(status: int, kind: str, text: str) -> ErrorClass:
    whole = f"{kind}: {text}"
    if "OutOfMemoryError" in kind or "out of memory" in text.lower():
        return ErrorClass.OUT_OF_MEMORY
    if "CUDA" in whole:
        return ErrorClass.CUDA
    if any(words in whole for words in _NO_CHECKPOINT):
        return ErrorClass.MISSING_MODEL
    is_callers = any(words in text.lower() for words in _CALLERS_FAULTS)
    if status == _UNPROCESSABLE or is_callers:
        return ErrorClass.VALIDATION
    return ErrorClass.INTERNAL
