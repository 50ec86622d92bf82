"""Jobs as programs of the original submit and see them: one request may wait for the result."""

from asyncio import gather
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import Receive

from hub.api.answers import JsonAnswer
from hub.api.errors import Answer, answer
from hub.api.guards import clients
from hub.api.idempotency import job_id_of
from hub.api.waiting_bodies import WaitingJobBody
from hub.parts import Parts
from hub.store.submissions import JobIdTakenError
from shared.jobs import Job

Document = dict[str, Any]

EXAMPLE = {
    "job_type": "simulation",
    "payload": {"simulation": {"processing_time_s": 2, "steps": 5}},
    "priority": 50,
    "wait": False,
    "timeout": 300,
}

Submission = Annotated[
    WaitingJobBody,
    Body(
        title="A job, and whether to wait",
        examples=[Example(summary="a job that is not waited for", value=EXAMPLE)],
    ),
]


@post(
    "/api/jobs",
    before_request=clients,
    summary="Submit a job, and wait for it if asked",
    tags=["jobs"],
    status_code=200,
)
async def submit_and_wait(
    data: Submission, parts: NamedDependency[Parts], request: Request[Any, Any, Any]
) -> Document | Answer:
    """200 with the id at once; with `wait`, 200 with the job when it has ended, whether well or not.
    When `timeout` seconds are over before: 202 with the job as it is then; it goes on. 409 when
    another job has the `job_id`; 429, and nothing is kept, when too many requests wait.
    """
    spec = data.spec(parts.settings.default_job_priority, job_id_of(request.scope))
    spec = await parts.intake.given(spec)
    try:
        if not data.wait:
            submitted = await parts.dispatcher.submit(spec)
            return _accepted(submitted.job_id)
        with parts.waits.place():
            submitted = await parts.dispatcher.submit(spec)
            gone = _gone(request.receive)
            await parts.waits.until_ended(submitted.job_id, data.timeout, gone)
    except JobIdTakenError:
        if data.job_id is None:
            raise
        return answer(409, f"job_id: another job has the id {data.job_id}")
    told = await _told(parts, submitted.job_id)
    if told["completed_at"] is not None:
        return told
    error = f"Timeout: Job did not complete within {data.timeout:g} seconds"
    return JsonAnswer(told | {"error": error}, status_code=202)


@get("/api/jobs/{job_id:str}", before_request=clients, summary="How a job is", tags=["jobs"])
async def get_waiting_job(job_id: FromPath[str], parts: NamedDependency[Parts]) -> Document:
    """Its state, its place while it waits (position from 0, display_position from 1), its result,
    and how often it has failed."""
    return await _told(parts, job_id)


def _accepted(job_id: str) -> Document:
    message = f"Job submitted successfully with ID: {job_id}"
    return {"success": True, "job_id": job_id, "status": "pending", "message": message}


async def _told(parts: Parts, job_id: str) -> Document:
    """The job as `GET /api/jobs/{id}` tells it."""
    job, place = await gather(parts.views.job(job_id), parts.views.place(job_id))
    if job is None:
        raise NotFoundException("Job not found")
    return _document(job, place)


def _document(job: Job, place: int | None) -> Document:
    return {
        "job_id": job.id,
        "status": job.status,
        "job_type": job.type,
        "client_id": job.customer_id,
        "worker_id": job.worker_id,
        "priority": job.priority,
        "created_at": job.created_at,
        "claimed_at": job.assigned_at,
        "started_at": job.started_at,
        "completed_at": job.finished_at,
        "position": place,
        "display_position": None if place is None else place + 1,
        "position_description": None if place is None else _in_words(place),
        "progress": job.progress,
        "result": job.result,
        "error": job.error,
        "failures": job.failures,
    }


def _in_words(place: int) -> str:
    if place == 0:
        return "Next in queue"
    return f"{place} {'job' if place == 1 else 'jobs'} ahead in queue"


async def _gone(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
