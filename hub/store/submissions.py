"""What the script `submit` is told of a job, and what it answers."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from attrs import frozen

from hub.documents import encoded
from hub.store.lanes import Lane
from hub.store.preferences import loads_of
from shared.jobs import Job, JobSpec, accepted


@frozen
class Submitted:
    """A job that was accepted: as it is now, and its place in its lane, from 0, if it is in it."""

    job: Job
    lane: str
    place: int | None
    class_version: str  # of the classes of workers that were connected then

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self.job.id


class RefusedError(ValueError):
    """A job was not accepted. `why`: in few words."""

    why: ClassVar[str]


class WorkflowConflictError(RefusedError):
    """A step names another priority or time than its workflow has."""

    why = "its workflow says otherwise"

    def __init__(self, field_name: str, has: str) -> None:
        super().__init__(f"{field_name}: this workflow has {has}")
        self.field_name = field_name
        self.has = has


class JobIdTakenError(RefusedError):
    """There is another job under the id that the caller chose."""

    why = "its id is taken"


class UniqueKeyTakenError(RefusedError):
    """A job with this unique key waits or runs."""

    why = "its unique key is taken"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"unique_key: job {job_id} waits or runs under it")
        self.job_id = job_id


class DeadlinePassedError(RefusedError):
    """The deadline of a job is over before it begins."""

    why = "its deadline has passed"

    def __init__(self, now_ms: str) -> None:
        super().__init__(f"deadline: has passed; now is {now_ms}")
        self.now_ms = int(now_ms)


class NotReplayedError(RefusedError):
    """A job cannot be replayed."""

    why = "has not failed"

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__(f"job {job_id} is {state}; only a failed or cancelled job is replayed")


class ReplayedError(RefusedError):
    """A job was replayed already."""

    why = "replayed already"

    def __init__(self, job_id: str, replay: str) -> None:
        super().__init__(f"job {job_id} was replayed already, by {replay}")


class QueueFullError(RefusedError):
    """As many jobs of the type or of the customer wait as may."""

    why = "the queue is full"

    def __init__(self, group: str, limit: str) -> None:
        _, self.kind, self.name = group.split(":", 2)
        self.limit = int(limit)
        super().__init__(f"{limit} jobs of {self.kind} {self.name} wait already, the most that may")


class UnreadyError(Exception):
    """A step is a job already, or its workflow has changed since it was looked at."""


REFUSALS: dict[str, Callable[..., Exception]] = {
    "conflict": WorkflowConflictError,
    "taken": JobIdTakenError,
    "existing": UniqueKeyTakenError,
    "past": DeadlinePassedError,
    "unended": NotReplayedError,
    "replayed": ReplayedError,
    "full": QueueFullError,
    "unready": UnreadyError,
}


def asked(spec: JobSpec, lane: Lane, job_id: str, waker: str | None) -> Iterator[str | int]:
    """Names and values, of those that were said."""
    timeout_s = None if spec.timeout_minutes is None else spec.timeout_minutes * 60
    facts: dict[str, str | int | None] = {
        "job": job_id,
        "has_own_id": None if spec.id is None else 1,
        "lane": lane.id,
        "requirement": lane.requirement,
        "loads": loads_of(spec.requirement),
        "waker": waker,
        "type": spec.type,
        "payload": encoded(spec.payload).decode(),
        "priority": spec.priority,
        "max_retries": spec.max_retries,
        "step": spec.step_number,
        "customer": spec.customer_id,
        "timeout_ms": None if timeout_s is None else int(timeout_s * 1000),
        "workflow": spec.workflow_id,
        "workflow_priority": spec.workflow_priority,
        "workflow_datetime": spec.workflow_datetime,
        "step_name": spec.step and spec.step.name,
        "revision": spec.step and spec.step.revision,
        "unique_key": spec.unique_key,
        "not_before": spec.run_at,
        "ends_by": spec.deadline,
        "replay_of": spec.replay_of,
        "is_again": 1 if spec.is_again else None,
    }
    for name, value in facts.items():
        if value is not None:
            yield name
            yield value


def submitted(spec: JobSpec, lane: Lane, job_id: str, reply: list[Any]) -> Submitted:
    """What the script's reply means. Raises what it refused."""
    tag, *told = reply
    if tag in REFUSALS:
        raise REFUSALS[tag](*told)
    place, *moments, class_version = told
    job = accepted(spec, job_id, *(int(each) for each in moments))
    return Submitted(job, lane.id, place, class_version)
