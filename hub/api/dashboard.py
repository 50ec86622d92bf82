"""What the original's dashboard asks for."""

from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from hub.api.figures import figures
from hub.api.guards import clients
from hub.api.queues import ACTIVE, PENDING, Limit, listed, newest
from hub.api.workers import in_a_list
from hub.parts import Parts
from shared.fields import FieldError
from shared.states import JobState

Document = dict[str, Any]

ASKED: dict[str, tuple[JobState, ...]] = {
    **{state.value: (state,) for state in JobState},
    "pending": PENDING,
    "active": ACTIVE,
}
"""The states that each word of `status` means."""


@get(
    "/dashboard/api/status", before_request=clients, summary="Jobs and workers", tags=["dashboard"]
)
async def dashboard_status(parts: NamedDependency[Parts]) -> Document:
    """The figures of `GET /metrics`."""
    return await figures(parts)


@get("/dashboard/api/metrics", before_request=clients, summary="The same", tags=["dashboard"])
async def dashboard_metrics(parts: NamedDependency[Parts]) -> Document:
    """The figures of `GET /metrics`."""
    return await figures(parts)


@get(
    "/dashboard/api/jobs",
    before_request=clients,
    summary="Jobs by their status",
    tags=["dashboard"],
)
async def dashboard_jobs(
    parts: NamedDependency[Parts],
    status: Annotated[str, QueryParameter(description="states by comma, or active")] = "pending",
    limit: Limit = 50,
) -> Document:
    """The newest in any of the states, each with the path of its preview if there is one."""
    words = [word for word in status.split(",") if word]
    unknown = [word for word in words if word not in ASKED]
    if unknown:
        raise FieldError("status", f"{unknown[0]} is no state", ", ".join(ASKED))
    states = dict.fromkeys(state for word in words for state in ASKED[word])
    found = listed(await newest(parts, tuple(states), limit))
    for job in found["jobs"]:
        has_preview = parts.previews.get(job["id"]) is not None
        job["preview"] = f"/jobs/{job['id']}/preview" if has_preview else None
    return found


@get("/dashboard/api/workers", before_request=clients, summary="All workers", tags=["dashboard"])
async def dashboard_workers(parts: NamedDependency[Parts]) -> Document:
    """As `GET /workers` tells them."""
    return {"workers": [in_a_list(each) for each in await parts.workers.all()]}
