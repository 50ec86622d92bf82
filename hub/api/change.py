"""A change of a job over REST."""

from typing import Annotated, Any

from litestar import patch
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.types import Scope

from hub.api.bodies import JobChange
from hub.api.errors import Answer, answer
from hub.api.guards import clients
from hub.api.idempotency import operation_of
from hub.parts import Parts
from shared.wire import unstructure

Change = Annotated[
    JobChange,
    Body(title="A change", examples=[Example(summary="to the front", value={"priority": 90})]),
]


@patch(
    "/jobs/{job_id:str}", before_request=clients, summary="Change a job's priority", tags=["jobs"]
)
async def change_job(
    job_id: FromPath[str], data: Change, parts: NamedDependency[Parts], scope: Scope
) -> dict[str, Any] | Answer:
    """A waiting or delayed job moves at once; a running one only if it comes back. 409 when it has
    ended, and for a step: it has the priority of its workflow.
    """
    reply = await parts.jobs.prioritise(job_id, data.priority, operation_of(scope))
    if reply.outcome == "refused":
        return answer(409, f"the job is {reply.told} already")
    if reply.outcome == "step":
        path = f"PATCH /workflows/{reply.told}"
        return answer(
            409, f"the job is a step of a workflow and has its priority; accepted: {path}"
        )
    job = await parts.views.job(job_id)
    if job is None:
        raise NotFoundException("Job not found")
    return {"job": unstructure(job)}
