"""Everything that hub and agent say to each other, one class for each message type.

The names on the wire are the original system's. `attempt` and `lease` fence a report; a worker
that speaks the original protocol leaves them out, and the hub fills in what it assigned on that
connection.
"""

from typing import Any, ClassVar

from attrs import field, frozen

from shared.jobs import Lease
from shared.matching import Capability
from shared.states import ErrorClass, Reason

MAX_SLOTS = 1000
"""The most attempts that one worker may run at the same time."""


@frozen(kw_only=True)
class Message:
    """What all messages have in common: their `type`."""

    type: ClassVar[str]


@frozen(kw_only=True)
class ConnectionEstablished(Message):
    """H→W: the first frame on every connection."""

    type: ClassVar[str] = "connection_established"
    message: str


@frozen(kw_only=True)
class RegisterWorker(Message):
    """W→H: a worker is here, with what it can do and the leases it still holds."""

    type: ClassVar[str] = "register_worker"
    worker_id: str
    capabilities: Capability
    slots: int = 1
    running: tuple[Lease, ...] = ()
    status: str = "idle"


@frozen(kw_only=True)
class WorkerRegistered(Message):
    """H→W: welcome; how often to send heartbeats, and which leases are gone."""

    type: ClassVar[str] = "worker_registered"
    worker_id: str
    status: str = "active"
    heartbeat_s: float
    lease_s: float
    lost: tuple[Lease, ...] = ()


@frozen(kw_only=True)
class WorkerHeartbeat(Message):
    """W→H: still here; renews the leases it names."""

    type: ClassVar[str] = "worker_heartbeat"
    worker_id: str
    status: str | None = None
    load: float | None = None
    system_info: dict[str, Any] | None = None
    running: tuple[Lease, ...] | None = None  # None: all that this connection was assigned


@frozen(kw_only=True)
class WorkerHeartbeatAck(Message):
    """H→W: heard; `lost` are the leases that are no longer the worker's."""

    type: ClassVar[str] = "worker_heartbeat_ack"
    worker_id: str
    lost: tuple[Lease, ...] = ()


@frozen(kw_only=True)
class WorkerStatus(Message):
    """W→H: the worker's state or capability has changed."""

    type: ClassVar[str] = "worker_status"
    worker_id: str
    status: str | None = None
    capabilities: Capability | None = None


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


@frozen(kw_only=True)
class Error(Message):
    """H→W: something that was said could not be acted on."""

    type: ClassVar[str] = "error"
    error: str
    details: dict[str, Any] | None = None


@frozen(kw_only=True)
class Unknown(Message):
    """H→W: a message type that nobody here knows."""

    type: ClassVar[str] = "unknown"
    content: str


MESSAGES: dict[str, type[Message]] = {
    each.type: each
    for each in (
        ConnectionEstablished,
        RegisterWorker,
        WorkerRegistered,
        WorkerHeartbeat,
        WorkerHeartbeatAck,
        WorkerStatus,
        ClaimJob,
        JobAssigned,
        UpdateJobProgress,
        CompleteJob,
        FailJob,
        ReleaseJob,
        JobCompletedAck,
        JobFailedAck,
        CancelJob,
        Error,
        Unknown,
    )
}
