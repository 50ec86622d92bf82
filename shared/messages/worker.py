"""What a worker says of itself, and what it is told of itself."""

from typing import Any, ClassVar

from attrs import frozen

from shared.jobs import Lease
from shared.matching import Capability
from shared.messages.message import HUB_TO_MONITOR, HUB_TO_WORKER, WORKER_TO_HUB, Message

MAX_SLOTS = 1000
"""The most attempts that one worker may run at the same time."""
MAX_MODEL_FILES = 20_000
"""The most files of models that a hub keeps of one worker."""
MODELS_AT_ONCE = 500
"""The most files of models that one message tells of."""
LOG_CHARACTERS = 64 * 1024
"""The most characters of logs in one answer, with one for the end of each line."""


@frozen(kw_only=True)
class RegisterWorker(Message):
    """A worker is here, with what it can do and the leases it still holds."""

    type: ClassVar[str] = "register_worker"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB,)
    worker_id: str
    capabilities: Capability
    slots: int = 1
    running: tuple[Lease, ...] = ()
    status: str = "idle"
    subscribe_to_jobs: bool = False  # true: be told of jobs (`job_available`), and claim by id


@frozen(kw_only=True)
class WorkerRegistered(Message):
    """Welcome; how often to send heartbeats, and which leases are gone."""

    type: ClassVar[str] = "worker_registered"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_WORKER,)
    worker_id: str
    status: str = "active"
    heartbeat_s: float
    lease_s: float
    lost: tuple[Lease, ...] = ()


@frozen(kw_only=True)
class WorkerHeartbeat(Message):
    """Still here; renews the leases it names."""

    type: ClassVar[str] = "worker_heartbeat"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB,)
    worker_id: str
    status: str | None = None
    load: float | None = None
    system_info: dict[str, Any] | None = None
    running: tuple[Lease, ...] | None = None  # None: all that this connection was assigned


@frozen(kw_only=True)
class WorkerHeartbeatAck(Message):
    """Heard; `lost` are the leases that are no longer the worker's."""

    type: ClassVar[str] = "worker_heartbeat_ack"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_WORKER,)
    worker_id: str
    lost: tuple[Lease, ...] = ()


@frozen(kw_only=True)
class WorkerStatus(Message):
    """The worker's state or capability has changed."""

    type: ClassVar[str] = "worker_status"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB,)
    worker_id: str
    status: str | None = None
    capabilities: Capability | None = None
    current_job_id: str | None = None
    connector_statuses: dict[str, Any] | None = None


@frozen
class ModelFile:
    """A file of a model, by the connector and its name below the folder of models."""

    name: str  # such as comfyui/checkpoints/a.safetensors
    size_bytes: int
    sha256: str | None = None  # not known yet: files are hashed when nothing else is to do


@frozen(kw_only=True)
class WorkerModels(Message):
    """Files of models that the worker has, and of which more is known now; at most 500 at once."""

    type: ClassVar[str] = "worker_models"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB,)
    worker_id: str
    files: tuple[ModelFile, ...] = ()
    gone: tuple[str, ...] = ()  # names
    anew: bool = False  # true: whatever was told before does not count


@frozen(kw_only=True)
class RequestLogs(Message):
    """What have the worker's engines written: last, or behind the mark of an earlier answer?"""

    type: ClassVar[str] = "request_logs"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_WORKER,)
    worker_id: str
    request_id: str
    lines: int
    after: str | None = None  # the mark; then the oldest lines behind it are told first
    wait_s: float = 0  # to wait for a line, if there is none behind the mark


@frozen(kw_only=True)
class ResponseLogs(Message):
    """The answer to `request_logs`: lines, oldest first; none without an engine."""

    type: ClassVar[str] = "response_logs"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB,)
    worker_id: str
    request_id: str
    lines: tuple[str, ...] = ()
    mark: str | None = None  # of the last line, to ask for what comes behind it
    skipped: int | None = None  # lines behind `after` that are no longer kept; none: not known


@frozen(kw_only=True)
class ConnectorWsStatus(Message):
    """How the connection between a connector and its service is."""

    type: ClassVar[str] = "connector_ws_status"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB, HUB_TO_MONITOR)
    worker_id: str
    connector_type: str | None = None
    status: str | None = None
    details: dict[str, Any] | None = None
    connected: bool | None = None
    service_name: str | None = None
    last_ping: float | None = None


@frozen(kw_only=True)
class ServiceRequest(Message):
    """What a connector asks of its service for a job, told to those who watch."""

    type: ClassVar[str] = "service_request"
    ways: ClassVar[tuple[str, ...]] = (WORKER_TO_HUB, HUB_TO_MONITOR)
    worker_id: str
    job_id: str | None = None
    service_type: str | None = None
    endpoint: str | None = None
    method: str | None = None
    url: str | None = None
    payload: Any = None
    service: str | None = None
    request_type: str | None = None
    content: Any = None
