"""What a client asks of jobs, and what it is told of them."""

from typing import Any, ClassVar

from attrs import frozen

from shared.messages.message import (
    CLIENT_TO_HUB,
    HUB_TO_CLIENT,
    HUB_TO_MONITOR,
    HUB_TO_WORKER,
    MONITOR_TO_HUB,
    WORKER_TO_HUB,
    Message,
)


@frozen(kw_only=True)
class RegisterClient(Message):
    """A client is here. Not needed: the address says it already."""

    type: ClassVar[str] = "register_client"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB, MONITOR_TO_HUB)
    client_id: str | None = None
    client_type: str | None = None


@frozen(kw_only=True)
class ClientRegistered(Message):
    """The answer to `register_client`."""

    type: ClassVar[str] = "client_registered"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_CLIENT, HUB_TO_MONITOR)
    client_id: str
    status: str = "active"


@frozen(kw_only=True)
class SubmitJob(Message):
    """A job to be done. `payload` reaches the worker untouched."""

    type: ClassVar[str] = "submit_job"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB,)
    job_type: str
    payload: dict[str, Any]
    priority: int | None = None
    customer_id: str | None = None
    requirements: dict[str, Any] | None = None
    max_retries: int | None = None
    timeout_minutes: float | None = None
    workflow_id: str | None = None
    workflow_priority: int | None = None
    workflow_datetime: int | None = None
    step_number: int | None = None


@frozen(kw_only=True)
class JobAccepted(Message):
    """The job is kept. `position` is its place in its lane, from 0. `message_id`: what it answers."""

    type: ClassVar[str] = "job_accepted"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_CLIENT,)
    job_id: str
    status: str = "pending"
    position: int | None = None
    estimated_start: int | None = None
    notified_workers: int | None = None
    message_id: str | None = None


@frozen(kw_only=True)
class ForceRetryJob(Message):
    """Try a failed job again, with a clean history."""

    type: ClassVar[str] = "force_retry_job"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB, MONITOR_TO_HUB)
    job_id: str


@frozen(kw_only=True)
class RequestJobStatus(Message):
    """How is this job?"""

    type: ClassVar[str] = "request_job_status"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB, MONITOR_TO_HUB)
    job_id: str


@frozen(kw_only=True)
class ResponseJobStatus(Message):
    """How a job is. Times are milliseconds since the epoch."""

    type: ClassVar[str] = "response_job_status"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_CLIENT, HUB_TO_MONITOR)
    job_id: str
    status: str
    progress: float | None = None
    worker_id: str | None = None
    started_at: int | None = None
    completed_at: int | None = None
    result: Any = None
    message: str | None = None
    position: int | None = None


@frozen(kw_only=True)
class SubscribeJob(Message):
    """Tell me all that happens to this job: first how it is now, at last how it ended."""

    type: ClassVar[str] = "subscribe_job"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB, MONITOR_TO_HUB)
    job_id: str


@frozen(kw_only=True)
class NotificationFilters:
    """Which jobs to tell of; what is left out does not limit."""

    customer_id: str | None = None
    job_types: tuple[str, ...] = ()
    priority_min: int | None = None
    status: tuple[str, ...] = ()


@frozen(kw_only=True)
class SubscribeJobNotifications(Message):
    """Tell me of every job that passes the filters; a worker: of those it could run."""

    type: ClassVar[str] = "subscribe_job_notifications"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB, MONITOR_TO_HUB, WORKER_TO_HUB)
    worker_id: str | None = None
    enabled: bool = True
    filters: NotificationFilters | None = None


@frozen(kw_only=True)
class JobNotificationsSubscribed(Message):
    """The answer to `subscribe_job_notifications`: `worker_id` is who asked, worker or client."""

    type: ClassVar[str] = "job_notifications_subscribed"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_WORKER, HUB_TO_CLIENT, HUB_TO_MONITOR)
    worker_id: str
    enabled: bool = True


@frozen(kw_only=True)
class JobUpdate(Message):
    """How a job is now."""

    type: ClassVar[str] = "job_update"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_CLIENT, HUB_TO_MONITOR)
    job_id: str
    status: str
    priority: int | None = None
    position: int | None = None
    progress: float | None = None
    eta: int | None = None
    message: str | None = None
    job_type: str | None = None
    customer_id: str | None = None
    worker_id: str | None = None


@frozen(kw_only=True)
class JobCompleted(Message):
    """The older name of `complete_job`: an attempt succeeded; to clients: the job has ended."""

    type: ClassVar[str] = "job_completed"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB, HUB_TO_CLIENT, HUB_TO_MONITOR)
    job_id: str
    worker_id: str | None = None
    status: str = "completed"
    priority: int | None = None
    position: int | None = None
    result: Any = None
    attempt: int | None = None
    lease: str | None = None


@frozen(kw_only=True)
class JobCancelled(Message):
    """The answer to a client's `cancel_job`; from a worker: it has stopped what it was told to."""

    type: ClassVar[str] = "job_cancelled"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_CLIENT, HUB_TO_MONITOR, WORKER_TO_HUB)
    job_id: str
    worker_id: str | None = None
    status: str = "cancelled"
    cancelled_at: int | None = None
    attempt: int | None = None
    lease: str | None = None
    stopped: bool = True  # whether the engine let go of it
    message: str = ""  # why not
    partial: tuple[dict[str, Any], ...] | None = None  # files it had put out, as in a result
