"""Lists of jobs by how far they are, in the words of the original."""

from asyncio import gather
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter

from hub.api.guards import clients
from hub.parts import Parts
from shared.jobs import Job
from shared.states import JobState
from shared.wire import unstructure

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="how many jobs to tell")]
Document = dict[str, Any]

PENDING = (JobState.PENDING, JobState.DELAYED)
ACTIVE = (JobState.IN_PROGRESS, JobState.ASSIGNED)


@get("/queue/pending", before_request=clients, summary="Jobs that wait", tags=["jobs"])
async def pending_jobs(parts: NamedDependency[Parts], limit: Limit = 50) -> Document:
    """In the order of the queue, then what is delayed, as it becomes due. What a worker would take is
    told by `GET /workers/{id}/next`.
    """
    ids = await parts.order.first(limit)
    found = await gather(*[parts.views.job(job_id) for job_id in ids])
    return listed([job for job in found if job is not None and job.status in PENDING])


@get("/queue/active", before_request=clients, summary="Jobs that workers have", tags=["jobs"])
async def active_jobs(
    parts: NamedDependency[Parts],
    worker_id: Annotated[str | None, QueryParameter()] = None,
    limit: Limit = 50,
) -> Document:
    """Of one worker, or of all."""
    return listed(await newest(parts, ACTIVE, limit, worker_id))


@get("/queue/completed", before_request=clients, summary="Jobs that went well", tags=["jobs"])
async def completed_jobs(parts: NamedDependency[Parts], limit: Limit = 50) -> Document:
    """As long as they are kept, the newest first."""
    return listed(await newest(parts, (JobState.COMPLETED,), limit))


@get("/queue/failed", before_request=clients, summary="Jobs that failed for good", tags=["jobs"])
async def failed_jobs(parts: NamedDependency[Parts], limit: Limit = 50) -> Document:
    """As long as they are kept, the newest first; `GET /dead-letters` knows more filters."""
    return listed(await newest(parts, (JobState.FAILED,), limit))


@get(
    "/workers/{worker_id:str}/jobs",
    before_request=clients,
    summary="A worker's jobs",
    tags=["workers"],
)
async def get_worker_jobs(
    worker_id: FromPath[str], parts: NamedDependency[Parts], limit: Limit = 50
) -> Document:
    """Those it has, and those it had last, as long as they are kept."""
    worker, page = await gather(
        parts.workers.get(worker_id), parts.views.page({"worker": worker_id}, 0, limit)
    )
    if worker is None and not page.jobs:
        raise NotFoundException("Worker not found")
    return {"worker_id": worker_id} | listed(page.jobs)


async def newest(
    parts: Parts, states: tuple[JobState, ...], limit: int, worker_id: str | None = None
) -> list[Job]:
    """The jobs in these states that were submitted last."""
    of = {} if worker_id is None else {"worker": worker_id}
    pages = await gather(*[parts.views.page({"status": each} | of, 0, limit) for each in states])
    jobs = [job for page in pages for job in page.jobs]
    return sorted(jobs, key=lambda job: job.created_at, reverse=True)[:limit]


def listed(jobs: list[Job]) -> Document:
    """The jobs as every list tells them."""
    return {"jobs": [unstructure(each) for each in jobs]}
