"""Workers over REST."""

from asyncio import gather
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter

from hub.api.guards import clients
from hub.parts import Parts
from hub.store.workers import Worker
from shared.wire import unstructure


@get("/workers", before_request=clients, summary="All workers", tags=["workers"])
async def list_workers(
    parts: NamedDependency[Parts],
    status: Annotated[str | None, QueryParameter()] = None,
    services: Annotated[str | None, QueryParameter(description="names by comma")] = None,
    available_only: Annotated[bool, QueryParameter()] = False,  # noqa: FBT002 - from the query
) -> dict[str, Any]:
    """Those with the status, with all of the services, and with a free slot, if asked.

    Of models it is told how many there are for each service; `GET /workers/{worker_id}` names them.
    """
    wanted = set(services.split(",")) if services else set[str]()
    found = [
        each
        for each in await parts.workers.all()
        if status in (None, each.status)
        and wanted <= set(each.capabilities["services"])
        and (not available_only or _is_available(each))
    ]
    return {"workers": [in_a_list(each) for each in found], "total_count": len(found)}


@get("/workers/{worker_id:str}", before_request=clients, summary="One worker", tags=["workers"])
async def get_worker(worker_id: FromPath[str], parts: NamedDependency[Parts]) -> dict[str, Any]:
    """What it is, what it can do, what it runs, and while it is connected its files of models."""
    worker, files = await gather(known(parts, worker_id), parts.workers.models(worker_id))
    return {"worker": {**unstructure(worker), "model_files": unstructure(files)}}


@get(
    "/workers/{worker_id:str}/next",
    before_request=clients,
    summary="What a worker would take",
    tags=["workers"],
)
async def get_next_jobs(
    worker_id: FromPath[str],
    parts: NamedDependency[Parts],
    n: Annotated[int, QueryParameter(ge=1, le=100, description="how many jobs to tell")] = 1,
) -> dict[str, Any]:
    """The jobs that its next claims would return, in order. A look: nothing is taken or reserved."""
    found = await parts.outlook.next(worker_id, n)
    if found is None:
        raise NotFoundException("Worker not found")
    jobs = await gather(*[parts.views.job(job_id) for job_id in found.job_ids])
    return {
        "worker_id": worker_id,
        "is_connected": found.is_connected,
        "free_slots": found.free_slots,
        "jobs": [unstructure(each) for each in jobs if each is not None],
    }


async def known(parts: Parts, worker_id: str) -> Worker:
    """One worker. Raises `NotFoundException`."""
    worker = await parts.workers.get(worker_id)
    if worker is None:
        raise NotFoundException("Worker not found")
    return worker


def in_a_list(worker: Worker) -> dict[str, Any]:
    """A worker without the names of its models, of which there may be ten thousand."""
    told = unstructure(worker)
    models: dict[str, list[str]] | None = told["capabilities"].pop("models", None)
    counts = None if models is None else {service: len(each) for service, each in models.items()}
    return told | {"model_counts": counts}


def _is_available(worker: Worker) -> bool:
    return worker.gone_at is None and len(worker.current_jobs) < worker.slots
