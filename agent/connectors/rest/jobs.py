"""Jobs as requests: what a payload may say, and what the templates make of it."""

from typing import Any

from attrs import frozen

from agent.connectors.answers import is_object
from agent.connectors.base import ConnectorError, Work
from agent.connectors.rest.sending import Call
from agent.connectors.templates import TemplateError, filled
from shared.states import ErrorClass

_RESERVED = ("endpoint", "method", "headers", "data", "body")
_OURS = frozenset({"authorization", "cookie", "host", "content-length", "transfer-encoding"})


@frozen(kw_only=True)
class Mapping:
    """What the settings say about requests."""

    endpoint: str
    method: str
    methods: tuple[str, ...]
    template: dict[str, Any] | None


def make_call(work: Work, mapping: Mapping, **extra: Any) -> Call:
    """Return the request for a job.

    A payload may name `endpoint`, `method` and `headers`; its `data` or `body`, else all the rest
    of it, is the body. With a template, the job is what the paths lead into, `extra` beside it.
    Raises `ConnectorError` of class VALIDATION.
    """
    payload = work.payload
    endpoint, method = payload.get("endpoint", mapping.endpoint), _method(payload, mapping)
    if (
        not isinstance(endpoint, str)
        or not endpoint.startswith("/")
        or endpoint[1:2] in {"/", "\\"}
    ):
        raise invalid(f"endpoint must be a path on the service, got {endpoint!r}")
    return Call(
        method=method,
        path=endpoint,
        headers=_headers(payload.get("headers", {})),
        body=_body(work, mapping, extra),
        key=f"{work.job_id}:{work.attempt}",
    )


def invalid(message: str) -> ConnectorError:
    """Return the error for a payload that no retry can help."""
    return ConnectorError(message, error_class=ErrorClass.VALIDATION)


def _method(payload: dict[str, Any], mapping: Mapping) -> str:
    method = str(payload.get("method", mapping.method)).upper()
    if method not in mapping.methods:
        raise invalid(f"method must be one of {', '.join(mapping.methods)}, got {method!r}")
    return method


def _headers(headers: object) -> dict[str, str]:
    if not is_object(headers) or not all(isinstance(value, str) for value in headers.values()):
        raise invalid("headers must be an object of texts")
    for name in headers:
        if name.lower() in _OURS:
            raise invalid(f"headers.{name} cannot be set by a job")
    return headers


def _body(work: Work, mapping: Mapping, extra: dict[str, Any]) -> Any:
    if mapping.template is None:
        return _plain(work.payload, extra)
    job = {"job_id": work.job_id, "attempt": work.attempt, "type": work.type}
    try:
        return filled(mapping.template, {**job, "payload": work.payload, **extra})
    except TemplateError as error:
        raise invalid(f"the request template: {error}") from error


def _plain(payload: dict[str, Any], extra: dict[str, Any]) -> Any:
    for name in ("data", "body"):
        if name in payload:
            given = payload[name]
            return {**given, **extra} if is_object(given) else given
    return {key: value for key, value in payload.items() if key not in _RESERVED} | extra
