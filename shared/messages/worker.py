"""What a worker says of itself, and what it is told of itself."""

from typing import Any, ClassVar

from attrs import frozen

from shared.jobs import Lease
from shared.matching import Capability
from shared.messages.message import Message

MAX_SLOTS = 1000
"""The most attempts that one worker may run at the same time."""


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
