"""What the script `submit` is told of a job, and what it answers."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from attrs import frozen

from hub.documents import encoded
from hub.store.claims import Claimant, Claimed
from hub.store.lanes import Lane
from hub.store.preferences import loads_of
from shared.jobs import Job, JobSpec, Lease, accepted


@frozen
class Submitted:
    """A job that was accepted: as it is now, and its place in its lane, from 0, if it is in it."""

    job: Job
    lane: str
    place: int | None
    class_version: str  # of the classes of workers that were connected then
    claimed: Claimed | None = None  # what the worker has that was to take it, if it got it

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


@frozen
class Asked:
    """A job that is asked for, and the worker that would take it at once, under which lease."""

    spec: JobSpec
    lane: Lane
    job_id: str
    claimant: Claimant | None = None
    lease_id: str = ""

    def arguments(self, waker: str | None, lease_ms: int) -> Iterator[str | int]:
        """Names and values, of those that were said."""
        spec = self.spec
        facts: dict[str, str | int | None] = {
            "job": self.job_id,
            "has_own_id": None if spec.id is None else 1,
            "lane": self.lane.id,
            "requirement": self.lane.requirement,
            "loads": loads_of(spec.requirement),
            "waker": waker,
            "type": spec.type,
            "payload": encoded(spec.payload).decode(),
            "priority": spec.priority,
            "max_retries": spec.max_retries,
            "step": spec.step_number,
            "customer": spec.customer_id,
            "timeout_ms": None if self.timeout_s is None else int(self.timeout_s * 1000),
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
        if self.claimant:
            yield from ("worker", self.claimant.worker_id, "session", self.claimant.session)
            yield from ("class", self.claimant.class_, "lease", self.lease_id, "ttl_ms", lease_ms)

    @property
    def timeout_s(self) -> float | None:
        """How long an attempt may take, if that was said."""
        return None if self.spec.timeout_minutes is None else self.spec.timeout_minutes * 60

    def answered(self, reply: list[Any]) -> Submitted:
        """What the script's reply means. Raises what it refused."""
        tag, *told = reply
        if tag in REFUSALS:
            raise REFUSALS[tag](*told)
        place, priority, submitted_at, created_at, class_version, attempt = told
        job = accepted(self.spec, self.job_id, int(priority), int(submitted_at), int(created_at))
        claimed = self._claimed(job.priority) if attempt == "1" else None
        return Submitted(job, self.lane.id, place, class_version, claimed)

    def _claimed(self, priority: int) -> Claimed:
        return Claimed(
            Lease(self.job_id, 1, self.lease_id),
            self.spec.type,
            priority,
            self.spec.payload,
            self.timeout_s,
            loads_of(self.spec.requirement),
        )
