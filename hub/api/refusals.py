"""Requests that no route gets to see: not read, or not let in. Told as in `errors`."""

from collections.abc import Callable
from typing import Any

from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from hub.api.errors import Answer, AnyRequest, answer, of_field
from hub.api.faults import fault
from shared.depth import PAYLOAD_DEPTH
from shared.fields import FieldError

JSON = "JSON in UTF-8, with finite numbers and whole characters"


def of_http(request: AnyRequest, problem: HTTPException) -> Answer:
    """What Litestar refuses: bodies that do not fit, unknown paths, closed doors."""
    if isinstance(problem.__cause__, SerializationException):
        return of_field(request, FieldError("body", f"is not JSON ({problem.detail})", JSON))
    if not isinstance(problem, ValidationException):
        return answer(problem.status_code, _sentence(problem), headers=problem.headers)
    fields = [_field(request, each) for each in _extras(problem)]
    told = "; ".join(map(_told, fields))
    refused = answer(400, told or _sentence(problem), fields)
    missing = [each["field"] for each in fields if "missing required field" in each["problem"]]
    refused.content |= {"required": missing} if missing else {}
    return refused


def of_size(request: AnyRequest, _: RequestEntityTooLarge) -> Answer:
    """413: with the most that the route takes."""
    most = request.route_handler.resolve_request_max_body_size()
    remedy = "HUB_MAX_BODY_MB sets it for JSON; files go in by POST /artifacts"
    return answer(413, f"body: is too large; accepted: at most {most} bytes ({remedy})")


def of_depth(_: AnyRequest, __: RecursionError) -> Answer:
    """400: JSON that nobody can read."""
    return answer(
        400, f"body: nested too deeply; accepted: a payload of at most {PAYLOAD_DEPTH} levels"
    )


def of_bytes(_: AnyRequest, problem: UnicodeDecodeError) -> Answer:
    """400: JSON is UTF-8."""
    return answer(400, f"body: not UTF-8 ({problem.reason})")


def _extras(problem: ValidationException) -> list[dict[str, Any]]:
    return [dict(each) for each in problem.extra or [] if isinstance(each, dict)]  # pyright: ignore[reportUnknownArgumentType] - Litestar's Any


def _field(request: AnyRequest, extra: dict[str, Any]) -> dict[str, str]:
    """A field at fault, of the body or of the query."""
    said, key = str(extra.get("message", "not accepted")), str(extra.get("key", ""))
    if said == "'data'":  # there is no body at all
        return {"field": "body", "problem": "is missing", "accepted": "a JSON object"}
    parameters = request.route_handler.parsed_fn_signature.parameters
    if extra.get("source") == "body":
        return fault(said, key.strip("."), parameters["data"].annotation)
    if key not in parameters:
        return {"field": key, "problem": said, "accepted": "what /docs says of this field"}
    return {**fault(said, "", parameters[key].annotation), "field": key}


def _told(field: dict[str, str]) -> str:
    said = f"{field['field']}: {field['problem']}"
    return said if field["accepted"] in said else f"{said}; accepted: {field['accepted']}"


def _sentence(problem: HTTPException) -> str:
    return problem.detail or "not accepted"


HANDLERS: dict[Any, Callable[[AnyRequest, Any], Answer]] = {
    HTTPException: of_http,
    RequestEntityTooLarge: of_size,
    RecursionError: of_depth,
    UnicodeDecodeError: of_bytes,
}
