"""Jobs that have failed for good: found, and given another go."""

from typing import Annotated, Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from litestar.types import Scope

from hub.api.bodies import ReplayBody
from hub.api.guards import clients
from hub.api.idempotency import job_id_of
from hub.api.moments import FORMS, moment_of
from hub.parts import Parts
from hub.store.searches import Filter
from shared.states import ErrorClass, JobState
from shared.wire import unstructure

Replay = Annotated[
    ReplayBody | None,
    Body(
        title="What is to be different",
        examples=[Example(summary="with another payload", value={"payload": {"steps": 20}})],
    ),
]
When = Annotated[str | None, QueryParameter(description=FORMS)]


@get(
    "/dead-letters", before_request=clients, summary="Jobs that have failed for good", tags=["jobs"]
)
async def list_dead_letters(  # noqa: PLR0913, PLR0917 - one for each filter
    parts: NamedDependency[Parts],
    error_class: Annotated[ErrorClass | None, QueryParameter()] = None,
    job_type: Annotated[str | None, QueryParameter(name="type")] = None,
    customer_id: Annotated[str | None, QueryParameter()] = None,
    worker_id: Annotated[str | None, QueryParameter()] = None,
    workflow_id: Annotated[str | None, QueryParameter()] = None,
    ended_from: When = None,
    ended_to: When = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    below: Annotated[
        int | None, QueryParameter(ge=0, description="go on: the last `below`")
    ] = None,
) -> dict[str, Any]:
    """The newest first, with the record of every attempt, and of the jobs that replay them."""
    wanted = Filter(
        status=JobState.FAILED,
        error=error_class,
        type=job_type,
        customer=customer_id,
        worker=worker_id,
        workflow=workflow_id,
        ended_from=moment_of("ended_from", ended_from),
        ended_to=moment_of("ended_to", ended_to),
    )
    found = await parts.searches.find(wanted, limit, below)
    jobs = [job for each in found.job_ids if (job := await parts.views.job(each))]
    return {"jobs": [unstructure(job) for job in jobs], "below": found.below}


@post(
    "/jobs/{job_id:str}/replay", before_request=clients, summary="Give it another go", tags=["jobs"]
)
async def replay_job(
    job_id: FromPath[str], parts: NamedDependency[Parts], scope: Scope, data: Replay = None
) -> dict[str, Any]:
    """201 with a new job, made of one that has failed or was cancelled. Each shows the other:
    `replay_of`, `replays`. 409 when it has not ended so, or was replayed already.
    """
    job = await parts.views.job(job_id)
    if job is None:
        raise NotFoundException("Job not found")
    spec = (data or ReplayBody()).spec(job, job_id_of(scope))
    submitted = await parts.dispatcher.submit(await parts.intake.given(spec))
    return {
        "job_id": submitted.job_id,
        "status": "submitted",
        "queue_position": submitted.place,
        "job": unstructure(submitted.job),
    }
