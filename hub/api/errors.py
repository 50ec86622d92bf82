"""What goes wrong, as answers: `{"error", "fields": [{"field", "problem", "accepted"}]}`."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request, Response

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
from shared.fields import FieldError

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


def of_anything(request: AnyRequest, problem: Exception) -> Answer:
    """500: a fault of ours. The log has the story."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=problem)
    return answer(500, "internal error")


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
    500: of_anything,
}
