"""What hub and worker say of a job."""

from typing import Any, ClassVar

from attrs import field, frozen

from shared.messages.message import Message
from shared.states import ErrorClass, Reason


@frozen(kw_only=True)
class ClaimJob(Message):
    """W→H: give me up to `slots` more jobs, when there are any."""

    type: ClassVar[str] = "claim_job"
    worker_id: str
    slots: int = 1


@frozen(kw_only=True)
class JobAssigned(Message):
    """H→W: the worker holds this attempt now. `params` is the job's payload, untouched."""

    type: ClassVar[str] = "job_assigned"
    job_id: str
    worker_id: str
    job_type: str
    priority: int
    params: dict[str, Any]
    attempt: int
    lease: str
    timeout_s: float | None = None


@frozen(kw_only=True)
class Picture:
    """A small picture inside a message: `content` is base64."""

    mime_type: str
    content: str


@frozen(kw_only=True)
class UpdateJobProgress(Message):
    """W→H: how far the attempt is, in percent. The first one says that it has started."""

    type: ClassVar[str] = "update_job_progress"
    job_id: str
    worker_id: str
    progress: float
    status: str = "in_progress"
    message: str | None = None
    details: dict[str, Any] | None = None
    preview: Picture | None = None
    attempt: int | None = None
    lease: str | None = None


@frozen(kw_only=True)
class CompleteJob(Message):
    """W→H: the attempt succeeded."""

    type: ClassVar[str] = "complete_job"
    job_id: str
    worker_id: str
    result: Any = None
    attempt: int | None = None
    lease: str | None = None


@frozen(kw_only=True)
class FailJob(Message):
    """W→H: the attempt failed; `retry` says whether another try may help."""

    type: ClassVar[str] = "fail_job"
    job_id: str
    worker_id: str
    error: str
    retry: bool = True
    error_class: ErrorClass = ErrorClass.INTERNAL
    details: dict[str, Any] = field(factory=dict)
    attempt: int | None = None
    lease: str | None = None


@frozen(kw_only=True)
class ReleaseJob(Message):
    """W→H: the worker gives the attempt back unfinished. Charges no retry."""

    type: ClassVar[str] = "release_job"
    job_id: str
    worker_id: str
    reason: Reason = Reason.DRAINED
    attempt: int | None = None
    lease: str | None = None


@frozen(kw_only=True)
class JobCompletedAck(Message):
    """H→W: the answer to `complete_job`. `status`: completed, adopted or superseded."""

    type: ClassVar[str] = "job_completed_ack"
    job_id: str
    worker_id: str
    status: str
    attempt: int | None = None


@frozen(kw_only=True)
class JobFailedAck(Message):
    """H→W: the answer to `fail_job` and `release_job`. `status` is the job's new state."""

    type: ClassVar[str] = "job_failed_ack"
    job_id: str
    worker_id: str
    status: str
    attempt: int | None = None


@frozen(kw_only=True)
class CancelJob(Message):
    """H→W: stop this job; nothing more that is said of it will count."""

    type: ClassVar[str] = "cancel_job"
    job_id: str
    worker_id: str | None = None
    reason: str | None = None
