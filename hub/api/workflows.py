"""Workflows over REST: declare, look, change, cancel, resume."""

from typing import Annotated, Any

from attrs import evolve
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, JSONBody
from litestar.types import Scope

from hub.api.bodies import CancelBody
from hub.api.errors import Answer, answer
from hub.api.guards import clients
from hub.api.idempotency import job_id_of, operation_of
from hub.api.pages import Page, PageSize, about, place_of
from hub.api.workflow_bodies import WorkflowBody, WorkflowChange
from hub.parts import Parts
from hub.store.workflows import Outcome, Workflow
from shared.jobs import Job
from shared.workflows import StepState

SHOWN_JOBS = 200
PICTURE = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}},
}
GRAPH = {
    "workflow_id": "film-7",
    "priority": 60,
    "on_failure": "continue",
    "steps": [
        {
            "name": "draw",
            "type": "simulation",
            "payload": {"workflow": PICTURE, "simulation": {"processing_time_s": 1}},
        },
        {
            "name": "enlarge",
            "depends_on": ["draw"],
            "type": "simulation",
            "payload": {"image": {"$from": "draw", "path": "/files/0/url"}, "factor": 2},
            "max_retries": 1,
        },
    ],
}
ONE_BY_ONE = {"workflow_id": "album-3", "priority": 0, "workflow_datetime": 1_800_000_000_000}

NewWorkflow = Annotated[
    WorkflowBody,
    Body(
        title="A workflow",
        examples=[
            Example(summary="two steps, the second with a file of the first", value=GRAPH),
            Example(summary="steps will follow, with this workflow_id", value=ONE_BY_ONE),
        ],
    ),
]
Change = Annotated[
    WorkflowChange,
    Body(title="A change", examples=[Example(summary="to the front", value={"priority": 90})]),
]


@post("/workflows", before_request=clients, summary="Declare a workflow", tags=["workflows"])
async def declare_workflow(
    data: NewWorkflow, parts: NamedDependency[Parts], scope: Scope
) -> dict[str, Any] | Answer:
    """201 with the workflow, told again in the same words too. 409 when another one has its id.

    A graph has at most 500 steps. A cycle, an unknown or repeated step, and a reference to a step
    that is not depended on are a 400 that names it.
    """
    declaration = data.declaration(parts.settings.default_job_priority, job_id_of(scope))
    steps = await parts.intake.given_to_steps(declaration.steps)
    declaration = evolve(declaration, steps=steps)
    if not await parts.workflows.declare(declaration, operation_of(scope)):
        return answer(
            409,
            f"workflow_id: there is another workflow {declaration.workflow_id!r}; "
            "accepted: a new id, or the words that it was declared with",
        )
    if declaration.steps:
        await parts.advancer.advance(declaration.workflow_id)
    return await _shown(parts, declaration.workflow_id)


@get(
    "/workflows/{workflow_id:str}",
    before_request=clients,
    summary="A workflow with its steps",
    tags=["workflows"],
)
async def get_workflow(workflow_id: FromPath[str], parts: NamedDependency[Parts]) -> dict[str, Any]:
    """The graph with the state of every step, and its jobs, the newest first, at most 200.

    A step is `waiting`, `skipped`, or in the state of its job.
    """
    return await _shown(parts, workflow_id)


@get(
    "/workflows", before_request=clients, summary="Workflows, the newest first", tags=["workflows"]
)
async def list_workflows(
    parts: NamedDependency[Parts], page: Page = 1, page_size: PageSize = 20
) -> dict[str, Any]:
    """All that are kept, by pages, without their jobs."""
    found, total = await parts.workflows.page(place_of(page, page_size), page_size)
    return {
        "workflows": [_summary(each) for each in found],
        **about(page, page_size, total),
    }


@patch(
    "/workflows/{workflow_id:str}",
    before_request=clients,
    summary="Change a workflow's priority",
    tags=["workflows"],
)
async def change_workflow(
    workflow_id: FromPath[str], data: Change, parts: NamedDependency[Parts], scope: Scope
) -> dict[str, Any]:
    """Its waiting and delayed jobs move at once, in every lane; steps to come inherit it."""
    _must_exist(await parts.workflows.reorder(workflow_id, data.priority, operation_of(scope)))
    return await _shown(parts, workflow_id)


@post(
    "/workflows/{workflow_id:str}/cancel",
    before_request=clients,
    summary="Cancel the rest of a workflow",
    tags=["workflows"],
    status_code=200,
)
async def cancel_workflow(
    workflow_id: FromPath[str],
    parts: NamedDependency[Parts],
    scope: Scope,
    data: JSONBody[CancelBody | None] = None,
) -> dict[str, Any] | Answer:
    """What has not ended ends now, and no step can join. 409 when it has ended already."""
    reason = (data or CancelBody()).reason
    reply = await parts.workflows.cancel_workflow(workflow_id, reason, operation_of(scope))
    _must_exist(reply)
    if reply.tag == "refused":
        return answer(409, f"the workflow is {reply.told} already")
    return await _shown(parts, workflow_id) | {"cancelled_jobs": int(reply.told)}


@post(
    "/workflows/{workflow_id:str}/resume",
    before_request=clients,
    summary="Resume a workflow",
    tags=["workflows"],
    status_code=200,
)
async def resume_workflow(
    workflow_id: FromPath[str], parts: NamedDependency[Parts], scope: Scope
) -> dict[str, Any] | Answer:
    """Every step that is not completed is done again, as a new job. 409 while it runs."""
    reply = await parts.workflows.resume(workflow_id, operation_of(scope))
    _must_exist(reply)
    if reply.tag == "refused":
        return answer(
            409,
            f"the workflow is {reply.told}; "
            "accepted: one with a graph of steps that has failed or was cancelled",
        )
    await parts.advancer.advance(workflow_id)
    return await _shown(parts, workflow_id) | {"resumed_steps": int(reply.told)}


def _must_exist(reply: Outcome) -> None:
    if reply.tag == "unknown":
        raise NotFoundException("Workflow not found")


async def _shown(parts: Parts, workflow_id: str) -> dict[str, Any]:
    workflow = await parts.workflows.get(workflow_id)
    if workflow is None:
        raise NotFoundException("Workflow not found")
    steps = [name for name, state in workflow.states.items() if state is StepState.OPEN]
    states = await parts.workflows.job_states([workflow.job_ids[step] for step in steps])
    jobs = await parts.views.page({"workflow": workflow_id}, 0, SHOWN_JOBS)
    shown = _summary(workflow) | {
        "steps": _steps(workflow, dict(zip(steps, states, strict=True))),
        "jobs": [_job(each) for each in jobs.jobs],
        "job_count": jobs.total,
    }
    return {"workflow": shown}


def _summary(workflow: Workflow) -> dict[str, Any]:
    return {
        "id": workflow.id,
        "status": workflow.state,
        "priority": workflow.priority,
        "workflow_datetime": workflow.submitted_at,
        "created_at": workflow.created_at,
        "finished_at": workflow.finished_at,
        "on_failure": workflow.policy,
        "resumes": workflow.resumes,
        "step_count": len(workflow.shape),
        "completed_steps": list(workflow.states.values()).count(StepState.COMPLETED),
    }


def _steps(workflow: Workflow, states: dict[str, str | None]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "depends_on": list(depends_on),
            "status": states.get(name) or workflow.states[name],
            "job_id": workflow.job_ids.get(name),
            "error": workflow.errors.get(name),
            "error_class": "validation" if name in workflow.errors else None,
        }
        for name, depends_on in workflow.shape.items()
    ]


def _job(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "status": job.status,
        "type": job.type,
        "step_number": job.step_number,
        "step_name": job.step_name,
        "progress": job.progress,
        "error": job.error,
    }
