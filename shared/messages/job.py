"""What hub and worker say of a job."""

from typing import Any, ClassVar

from attrs import field, frozen

from shared.messages.message import (
    CLIENT_TO_HUB,
    HUB_TO_CLIENT,
    HUB_TO_MONITOR,
    HUB_TO_WORKER,
    MONITOR_TO_HUB,
    WORKER_TO_HUB,
    Message,
)
from shared.states import ErrorClass, Reason


@frozen(kw_only=True)
class ClaimJob(Message):
    """Give me up to `slots` more jobs, when there are any; or this very job, if it still waits."""

    type: ClassVar[str] = "claim_job"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB,)
    worker_id: str
    slots: int = 1
    job_id: str | None = None
    claim_timeout: float | None = None  # seconds within which the job must be started


@frozen(kw_only=True)
class JobAvailable(Message):
    """A job waits that the worker could run; `claim_job` with its id asks for it."""

    type: ClassVar[str] = "job_available"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_WORKER,)
    job_id: str
    job_type: str
    worker_id: str | None = None
    priority: int | None = None
    params_summary: dict[str, Any] | None = None
    job_request_payload: dict[str, Any] | None = None
    requirements: dict[str, Any] | None = None
    last_failed_worker: str | None = None


@frozen(kw_only=True)
class JobAssigned(Message):
    """The worker holds this attempt now. `params` is the job's payload, untouched."""

    type: ClassVar[str] = "job_assigned"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_WORKER,)
    job_id: str
    worker_id: str
    job_type: str
    priority: int
    params: dict[str, Any]
    attempt: int
    lease: str
    timeout_s: float | None = None
    job_data: dict[str, Any] | None = None


@frozen(kw_only=True)
class Picture:
    """A small picture inside a message: `content` is base64."""

    mime_type: str
    content: str


@frozen(kw_only=True)
class UpdateJobProgress(Message):
    """How far the attempt is, in percent. The first one says that it has started; -1: still here."""

    type: ClassVar[str] = "update_job_progress"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB, HUB_TO_CLIENT, HUB_TO_MONITOR)
    job_id: str
    worker_id: str
    progress: float
    status: str = "in_progress"
    message: str | None = None
    details: dict[str, Any] | None = None
    preview: Picture | None = None
    connector_details: dict[str, Any] | None = None
    attempt: int | None = None
    lease: str | None = None


@frozen(kw_only=True)
class CompleteJob(Message):
    """The attempt succeeded; told to clients: the job has ended, with its `status`."""

    type: ClassVar[str] = "complete_job"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB, HUB_TO_CLIENT, HUB_TO_MONITOR)
    job_id: str
    worker_id: str | None = None
    result: Any = None
    status: str | None = None
    priority: int | None = None
    position: int | None = None
    attempt: int | None = None
    lease: str | None = None


@frozen(kw_only=True)
class FailJob(Message):
    """The attempt failed (told to clients: the job has); `retry` says whether another try may help."""

    type: ClassVar[str] = "fail_job"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB, HUB_TO_CLIENT, HUB_TO_MONITOR)
    job_id: str
    worker_id: str | None = None
    error: str = "the worker gave no reason"
    retry: bool = True
    error_class: ErrorClass = ErrorClass.INTERNAL
    details: dict[str, Any] = field(factory=dict)
    attempt: int | None = None
    lease: str | None = None


@frozen(kw_only=True)
class ReleaseJob(Message):
    """The worker gives the attempt back unfinished. Charges no retry."""

    type: ClassVar[str] = "release_job"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB,)
    job_id: str
    worker_id: str
    reason: Reason = Reason.DRAINED
    error: str | None = None  # what went wrong with the worker
    attempt: int | None = None
    lease: str | None = None


@frozen(kw_only=True)
class JobCompletedAck(Message):
    """The answer to `complete_job`. `status`: completed, adopted or superseded."""

    type: ClassVar[str] = "job_completed_ack"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_WORKER,)
    job_id: str
    worker_id: str
    status: str
    attempt: int | None = None


@frozen(kw_only=True)
class JobFailedAck(Message):
    """The answer to `fail_job` and `release_job`. `status` is the job's new state."""

    type: ClassVar[str] = "job_failed_ack"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_WORKER,)
    job_id: str
    worker_id: str
    status: str
    error: str | None = None
    attempt: int | None = None


@frozen(kw_only=True)
class CancelJob(Message):
    """Stop this job; nothing more that a worker says of it will count."""

    type: ClassVar[str] = "cancel_job"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB, MONITOR_TO_HUB, HUB_TO_WORKER)
    job_id: str
    worker_id: str | None = None
    reason: str | None = None
