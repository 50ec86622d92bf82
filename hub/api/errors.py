"""What goes wrong, as answers: `{"error", "fields": [{"field", "problem", "accepted"}]}`."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from hub.api.faults import fault
from hub.api.ranges import RangeOutsideError
from hub.artifacts import ArtifactError, BrokenOffError, OffsetError
from hub.artifacts.bucket import BucketError
from hub.artifacts.thumbnails import NoThumbnailError
from hub.installer import AddressError, NoAgentError
from hub.neighbours import NeighbourError
from hub.store.client import StoreFullError, StoreUnavailableError
from hub.store.submissions import (
    DeadlinePassedError,
    JobIdTakenError,
    NotReplayedError,
    QueueFullError,
    ReplayedError,
    WorkflowConflictError,
)
from hub.waits import WaitsFullError
from shared.depth import PAYLOAD_DEPTH
from shared.fields import FieldError

JSON = "JSON in UTF-8, with finite numbers and whole characters"
log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]
Answer = Response[dict[str, Any]]


def answer(
    status: int,
    error: str,
    fields: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """An error as every route tells it."""
    content: dict[str, Any] = {"error": error} | ({"fields": fields} if fields else {})
    return Response(content, status_code=status, media_type="application/json", headers=headers)


def unservable(reasons: Sequence[str]) -> Answer:
    """409: nobody who is connected could ever run the job, and the client wants none such."""
    content = {
        "error": f"no connected worker could ever run this job: {reasons[0]}",
        "unservable": True,
        "reasons": list(reasons),
    }
    return Response(content, status_code=409, media_type="application/json")


def of_field(_: AnyRequest, problem: FieldError) -> Answer:
    """400: one field is at fault."""
    field = {"field": problem.field, "problem": problem.problem, "accepted": problem.accepted}
    return answer(400, str(problem), [field])


def of_conflict(_: AnyRequest, problem: WorkflowConflictError) -> Answer:
    """409: a step does not fit its workflow."""
    accepted = f"{problem.has}, or leave it out: steps inherit it"
    if problem.field_name == "workflow_id":
        accepted = "a workflow that is not cancelled"
    field = {"field": problem.field_name, "problem": str(problem), "accepted": accepted}
    return answer(409, f"{problem}; accepted: {accepted}", [field])


def of_taken_id(_: AnyRequest, __: JobIdTakenError) -> Answer:
    """422: so long ago that only the job is left of it."""
    return answer(422, "Idempotency-Key: was used for another job; accepted: a new key")


def of_deadline(_: AnyRequest, problem: DeadlinePassedError) -> Answer:
    """400: nobody can finish in the past."""
    accepted = f"a moment after {problem.now_ms}, which is now"
    field = {"field": "deadline", "problem": "has passed", "accepted": accepted}
    return answer(400, f"deadline: has passed; accepted: {accepted}", [field])


def of_queue(_: AnyRequest, problem: QueueFullError) -> Answer:
    """429: so many wait already. Nothing was kept."""
    name = {"type": "type", "customer": "customer_id"}[problem.kind]
    field = {"field": name, "problem": str(problem), "accepted": "the same a little later"}
    return answer(429, f"{name}: {problem}", [field], headers={"Retry-After": "5"})


def of_replay(_: AnyRequest, problem: NotReplayedError) -> Answer:
    """409: it has not ended, or well."""
    return answer(409, str(problem))


def of_replayed(_: AnyRequest, problem: ReplayedError) -> Answer:
    """409: unless that is meant."""
    return answer(409, f'{problem}; accepted: "again": true')


def of_artifact(_: AnyRequest, problem: ArtifactError) -> Answer:
    """400: the bytes or their name are not right."""
    return answer(400, str(problem))


def of_offset(_: AnyRequest, problem: OffsetError) -> Answer:
    """409: with how much is here, so that the next request fits."""
    return answer(409, str(problem), headers={"Upload-Offset": str(problem.offset)})


def of_broken_off(_: AnyRequest, problem: BrokenOffError) -> Answer:
    """400: to nobody; it keeps a lost connection from being logged as a fault of ours."""
    return answer(400, str(problem))


def of_bucket(_: AnyRequest, problem: BucketError) -> Answer:
    """503: a little later, perhaps."""
    log.warning("%s", problem)
    return answer(503, str(problem), headers={"Retry-After": "5"})


def of_neighbour(_: AnyRequest, problem: NeighbourError) -> Answer:
    """503: the hub that may have the file does not answer."""
    log.warning("%s", problem)
    return answer(503, str(problem), headers={"Retry-After": "5"})


def of_range(_: AnyRequest, problem: RangeOutsideError) -> Answer:
    """416: with the size, so that the next request fits."""
    return answer(416, str(problem), headers={"Content-Range": f"bytes */{problem.size}"})


def of_no_thumbnail(_: AnyRequest, problem: NoThumbnailError) -> Answer:
    """404: with why there is none."""
    return answer(404, str(problem))


def of_no_agent(_: AnyRequest, problem: NoAgentError) -> Answer:
    """404: the operator has not put it there."""
    return answer(404, str(problem))


def of_address(_: AnyRequest, problem: AddressError) -> Answer:
    """400: nothing that could be pasted."""
    return answer(400, str(problem))


def of_waits(_: AnyRequest, problem: WaitsFullError) -> Answer:
    """429: nothing was kept."""
    told = f"wait: {problem}; accepted: wait false, or the same a little later"
    return answer(429, told, headers={"Retry-After": "5"})


def of_full(_: AnyRequest, problem: StoreFullError) -> Answer:
    """507: nothing was kept."""
    return answer(507, f"{problem}; the job was not accepted", headers={"Retry-After": "30"})


def of_unavailable(_: AnyRequest, problem: StoreUnavailableError) -> Answer:
    """503: nobody knows whether it was kept."""
    told = f"{problem}; whether this was carried out is not known"
    return answer(503, told, headers={"Retry-After": "5"})


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


def of_depth(_: AnyRequest, __: RecursionError) -> Answer:
    """400: JSON that nobody can read."""
    return answer(
        400, f"body: nested too deeply; accepted: a payload of at most {PAYLOAD_DEPTH} levels"
    )


def of_bytes(_: AnyRequest, problem: UnicodeDecodeError) -> Answer:
    """400: JSON is UTF-8."""
    return answer(400, f"body: not UTF-8 ({problem.reason})")


def of_anything(request: AnyRequest, problem: Exception) -> Answer:
    """500: a fault of ours. The log has the story."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=problem)
    return answer(500, "internal error")


def _extras(problem: ValidationException) -> list[dict[str, Any]]:
    return [dict(each) for each in problem.extra or [] if isinstance(each, dict)]  # pyright: ignore[reportUnknownArgumentType] - Litestar's Any


def _field(request: AnyRequest, extra: dict[str, Any]) -> dict[str, str]:
    """A field at fault, of the body or of the query."""
    said, key = str(extra.get("message", "not accepted")), str(extra.get("key", ""))
    if said == "'data'":  # there is no body at all
        return {"field": "body", "problem": "is missing", "accepted": "a JSON object"}
    parameters = request.route_handler.parsed_fn_signature.parameters
    if extra.get("source") == "body":
        return fault(said, key.removeprefix("data").strip("."), parameters["data"].annotation)
    if key not in parameters:
        return {"field": key, "problem": said, "accepted": "what /docs says of this field"}
    return {**fault(said, "", parameters[key].annotation), "field": key}


def _told(field: dict[str, str]) -> str:
    said = f"{field['field']}: {field['problem']}"
    return said if field["accepted"] in said else f"{said}; accepted: {field['accepted']}"


def _sentence(problem: HTTPException) -> str:
    return problem.detail or "not accepted"


HANDLERS: dict[Any, Callable[[AnyRequest, Any], Answer]] = {
    FieldError: of_field,
    WorkflowConflictError: of_conflict,
    JobIdTakenError: of_taken_id,
    DeadlinePassedError: of_deadline,
    QueueFullError: of_queue,
    NotReplayedError: of_replay,
    ReplayedError: of_replayed,
    ArtifactError: of_artifact,
    OffsetError: of_offset,
    BrokenOffError: of_broken_off,
    BucketError: of_bucket,
    NeighbourError: of_neighbour,
    RangeOutsideError: of_range,
    NoThumbnailError: of_no_thumbnail,
    NoAgentError: of_no_agent,
    AddressError: of_address,
    WaitsFullError: of_waits,
    StoreFullError: of_full,
    StoreUnavailableError: of_unavailable,
    HTTPException: of_http,
    RecursionError: of_depth,
    UnicodeDecodeError: of_bytes,
    500: of_anything,
}
