"""Jobs over REST: submit, look, cancel, list."""

from asyncio import gather
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, JSONBody, QueryParameter
from litestar.types import Scope

from hub.api.answers import JsonAnswer
from hub.api.bodies import CancelBody, JobBody
from hub.api.errors import Answer, answer, unservable
from hub.api.guards import clients
from hub.api.idempotency import job_id_of, operation_of
from hub.api.pages import Page, PageSize, about, place_of
from hub.parts import Parts
from hub.store.submissions import UniqueKeyTakenError
from shared.jobs import Job
from shared.states import JobState
from shared.wire import unstructure

EXAMPLE = {
    "type": "simulation",
    "payload": {"simulation": {"processing_time_s": 2, "steps": 5}},
    "priority": 50,
    "customer_id": "studio-7",
    "max_retries": 3,
    "timeout_minutes": 10,
}

Submission = Annotated[
    JobBody,
    Body(
        title="A job",
        examples=[Example(summary="a job for the simulation connector", value=EXAMPLE)],
    ),
]


@post("/jobs", before_request=clients, summary="Submit a job", tags=["jobs"])
async def submit_job(
    data: Submission, parts: NamedDependency[Parts], scope: Scope
) -> dict[str, Any] | Answer:
    """201 with the job's id and place; it has none before `run_at`. While another job of the
    customer waits or runs under the `unique_key`: 200 with that job, and its status is `existing`.
    409 when a step contradicts its workflow. `unservable` tells, with reasons, that nobody who is
    connected could ever run it; with `on_unservable: reject` that is a 409, and nothing is kept.
    """
    spec = data.spec(parts.settings.default_job_priority, job_id_of(scope))
    if data.on_unservable == "reject" and (
        reasons := await parts.servability.reasons(spec.requirement)
    ):
        return unservable(reasons)
    spec = await parts.intake.given(spec)
    try:
        submitted = await parts.dispatcher.submit(spec)
    except UniqueKeyTakenError as taken:
        return await _existing(parts, taken.job_id)
    reasons = await parts.servability.reasons(spec.requirement, submitted.class_version)
    return {
        "job_id": submitted.job_id,
        "status": "submitted",
        "queue_position": submitted.place,
        "job": unstructure(submitted.job),
        "unservable": bool(reasons),
    } | ({"reasons": reasons} if reasons else {})


@get("/jobs/{job_id:str}", before_request=clients, summary="A job, whole", tags=["jobs"])
async def get_job(job_id: FromPath[str], parts: NamedDependency[Parts]) -> dict[str, Any]:
    """The job with its payload, times, result and every ended attempt."""
    return {"job": unstructure(await _found(parts, job_id))}


@get("/jobs/{job_id:str}/status", before_request=clients, summary="A job's state", tags=["jobs"])
async def get_job_status(job_id: FromPath[str], parts: NamedDependency[Parts]) -> dict[str, Any]:
    """The job, and while it waits its place in its lane: position from 0, display from 1."""
    job = await _found(parts, job_id)
    place = await parts.views.place(job_id) if job.status is JobState.PENDING else None
    display = None if place is None else place + 1
    return {"job": unstructure(job), "queue_position": place, "display_position": display}


@get("/jobs/{job_id:str}/explain", before_request=clients, summary="Why a job waits", tags=["jobs"])
async def explain_job(job_id: FromPath[str], parts: NamedDependency[Parts]) -> dict[str, Any]:
    """What is before it, what each connected worker lacks or is busy with, and what would help."""
    explanation = await parts.explainer.explain(job_id)
    if explanation is None:
        raise NotFoundException("Job not found")
    return unstructure(explanation)


@get(
    "/jobs/{job_id:str}/progress", before_request=clients, summary="How far a job is", tags=["jobs"]
)
async def get_job_progress(job_id: FromPath[str], parts: NamedDependency[Parts]) -> dict[str, Any]:
    """Percent of the running attempt, with the node it is at."""
    job = await _found(parts, job_id)
    has_preview = parts.previews.get(job_id) is not None
    return {
        "job_id": job_id,
        "status": job.status,
        "progress": job.progress,
        "message": job.progress_message,
        "details": job.progress_details,
        "worker_id": job.worker_id,
        "attempt": job.attempt,
        "preview": f"/jobs/{job_id}/preview" if has_preview else None,
    }


@get(
    "/jobs/{job_id:str}/preview",
    before_request=clients,
    summary="The latest preview",
    tags=["jobs"],
)
async def get_job_preview(job_id: FromPath[str], parts: NamedDependency[Parts]) -> Response[bytes]:
    """A small picture of the work so far, while the job runs."""
    preview = parts.previews.get(job_id)
    if preview is None:
        raise NotFoundException(f"job {job_id} has no preview now")
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(preview.content, media_type=preview.mime_type, headers=headers)


@post(
    "/jobs/{job_id:str}/cancel",
    before_request=clients,
    summary="Cancel a job",
    tags=["jobs"],
    status_code=200,
)
async def cancel_job(
    job_id: FromPath[str],
    parts: NamedDependency[Parts],
    scope: Scope,
    data: JSONBody[CancelBody | None] = None,
) -> dict[str, Any] | Answer:
    """At once, wherever the job is; its worker is told. 409 when it has ended already."""
    reason = (data or CancelBody()).reason
    reply = await parts.jobs.cancel(job_id, reason, operation_of(scope))
    if reply.outcome == "unknown":
        raise NotFoundException("Job not found")
    if reply.outcome == "refused":
        return answer(409, f"the job is {reply.told} already")
    return {"job_id": job_id, "status": "cancelled", "cancelled_at": int(reply.told)}


@get("/jobs", before_request=clients, summary="Jobs, the newest first", tags=["jobs"])
async def list_jobs(  # noqa: PLR0913, PLR0917 - one for each filter
    parts: NamedDependency[Parts],
    status: Annotated[JobState | None, QueryParameter()] = None,
    job_type: Annotated[str | None, QueryParameter(name="type")] = None,
    customer_id: Annotated[str | None, QueryParameter()] = None,
    worker_id: Annotated[str | None, QueryParameter()] = None,
    workflow_id: Annotated[str | None, QueryParameter()] = None,
    page: Page = 1,
    page_size: PageSize = 20,
) -> dict[str, Any]:
    """All that match every filter, by pages."""
    asked = {
        "status": status,
        "type": job_type,
        "customer": customer_id,
        "worker": worker_id,
        "workflow": workflow_id,
    }
    filters = {name: value for name, value in asked.items() if value is not None}
    found = await parts.views.page(filters, place_of(page, page_size), page_size)
    jobs = [unstructure(each) for each in found.jobs]
    return {"jobs": jobs, **about(page, page_size, found.total)}


async def _existing(parts: Parts, job_id: str) -> Answer:
    job, place = await gather(_found(parts, job_id), parts.views.place(job_id))
    told = {"status": "existing", "queue_position": place, "job": unstructure(job)}
    return JsonAnswer({"job_id": job_id, **told}, status_code=200)


async def _found(parts: Parts, job_id: str) -> Job:
    job = await parts.views.job(job_id)
    if job is None:
        raise NotFoundException("Job not found")
    return job
