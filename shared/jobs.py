"""A job, its attempts, and the proof of who holds it."""

import json
from typing import Any
from uuid import UUID, uuid4, uuid5

from attrs import Attribute, field, frozen

from shared.depth import PAYLOAD_DEPTH, is_deeper
from shared.fields import FieldError
from shared.matching import Requirement
from shared.states import ErrorClass, JobState, Reason

MAX_PRIORITY = 1_000_000
"""Priorities are integers from -MAX_PRIORITY to MAX_PRIORITY; higher goes first."""


@frozen
class GraphStep:
    """Which step of a graph a job is. It must be as it was when the graph was looked at."""

    name: str
    revision: int = 0  # of the workflow, then
    resumes: int = 0  # how often the workflow had been resumed


def _carried(_: object, __: "Attribute[Any]", payload: dict[str, Any]) -> None:
    """A worker to which no frame can bring its job would wait for it, and the job for the worker."""
    if is_deeper(payload, PAYLOAD_DEPTH):
        raise FieldError("payload", "is nested too deeply", f"at most {PAYLOAD_DEPTH} levels")


@frozen(kw_only=True)
class JobSpec:
    """A job as it was asked for. Times are milliseconds since the epoch. Raises `FieldError`."""

    id: str | None = None  # submitted twice under an id of the caller's, it is one job

    type: str
    payload: dict[str, Any] = field(validator=_carried)
    requirement: Requirement
    priority: int = 50
    customer_id: str | None = None
    max_retries: int = 3
    timeout_minutes: float | None = None
    unique_key: str | None = None
    run_at: int | None = None
    deadline: int | None = None
    replay_of: str | None = None  # the ended job of which this is another go
    is_again: bool = False  # though it was replayed before
    workflow_id: str | None = None
    workflow_priority: int | None = None
    workflow_datetime: int | None = None
    step_number: int = 0
    step: GraphStep | None = None


@frozen
class Lease:
    """The right to report on one attempt: the attempt's number is the fence, the id its secret."""

    job_id: str
    attempt: int
    id: str


@frozen(kw_only=True)
class Failure:
    """Why an attempt failed."""

    error: str
    error_class: ErrorClass = ErrorClass.INTERNAL
    retryable: bool = True
    details: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Attempt:
    """One finished try. Times are milliseconds since the epoch by the clock of Redis."""

    attempt: int
    worker_id: str
    assigned_at: int
    started_at: int | None
    ended_at: int
    outcome: str  # the verb that ended it
    reason: Reason
    error: str | None = None
    error_class: ErrorClass | None = None
    details: dict[str, Any] | None = None
    gpu: str | None = None  # its model, where the worker has one


@frozen(kw_only=True)
class Job:
    """A job as it is now. Times are milliseconds since the epoch by the clock of Redis."""

    id: str
    type: str
    status: JobState
    reason: Reason
    priority: int
    payload: dict[str, Any]
    requirements: Requirement
    customer_id: str | None
    max_retries: int
    timeout_minutes: float | None
    workflow_id: str | None
    workflow_priority: int
    workflow_datetime: int
    step_number: int
    step_name: str | None  # of a graph
    created_at: int
    attempt: int
    failures: int  # attempts that failed and count against max_retries
    losses: int  # attempts that were lost or given back, which do not
    unique_key: str | None = None
    deadline: int | None = None  # by then it must have ended
    replay_of: str | None = None
    replays: tuple[str, ...] = ()  # the jobs that are another go of this one
    worker_id: str | None = None
    assigned_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    not_before: int | None = None
    progress: float = 0
    progress_message: str | None = None
    progress_details: dict[str, Any] | None = None
    result: Any = None
    error: str | None = None
    error_class: ErrorClass | None = None
    stopped: bool | None = None  # of a cancelled attempt: whether its engine let go; None: not told
    stop_message: str | None = None
    attempts: tuple[Attempt, ...] = ()


STEPS = UUID("3c9f7d52-7b0e-4d3a-9a4e-6f1f4f0f2b61")
"""The namespace of the ids that follow from a step."""


def id_for(spec: JobSpec) -> str:
    """A new job id. That of a step follows from what it is, so that it cannot be made twice."""
    if spec.step is None:
        return str(uuid4())
    return str(uuid5(STEPS, json.dumps([spec.workflow_id, spec.step.name, spec.step.resumes])))


def accepted(spec: JobSpec, job_id: str, priority: int, workflow_datetime: int, at: int) -> Job:
    """The job that `spec` became at `at`, in its workflow's priority and time."""
    is_early = spec.run_at is not None and spec.run_at > at
    return Job(
        id=job_id,
        type=spec.type,
        status=JobState.DELAYED if is_early else JobState.PENDING,
        reason=Reason.SUBMITTED,
        priority=priority,
        payload=spec.payload,
        requirements=spec.requirement,
        customer_id=spec.customer_id,
        max_retries=spec.max_retries,
        timeout_minutes=spec.timeout_minutes,
        workflow_id=spec.workflow_id,
        workflow_priority=priority,
        workflow_datetime=workflow_datetime,
        step_number=spec.step_number,
        step_name=spec.step and spec.step.name,
        created_at=at,
        attempt=0,
        failures=0,
        losses=0,
        unique_key=spec.unique_key,
        deadline=spec.deadline,
        replay_of=spec.replay_of,
        not_before=spec.run_at if is_early else None,
    )


def another_go(job: Job, **changes: Any) -> JobSpec:
    """What was asked for when `job` was, but for its times, with some changes.

    Priority and time of a workflow are inherited once more.
    """
    asked: dict[str, Any] = {
        "type": job.type,
        "payload": job.payload,
        "requirement": job.requirements,
        "priority": job.priority,
        "customer_id": job.customer_id,
        "max_retries": job.max_retries,
        "timeout_minutes": job.timeout_minutes,
        "unique_key": job.unique_key,
        "workflow_id": job.workflow_id,
        "step_number": job.step_number,
        "replay_of": job.id,
    }
    return JobSpec(**asked | changes)
