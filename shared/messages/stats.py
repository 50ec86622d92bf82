"""How the whole system is, once or again and again."""

from typing import Any, ClassVar

from attrs import field, frozen

from shared.messages.message import (
    ANY_TO_HUB,
    CLIENT_TO_HUB,
    HUB_TO_ANY,
    HUB_TO_CLIENT,
    HUB_TO_MONITOR,
    MONITOR_TO_HUB,
    Message,
)


@frozen(kw_only=True)
class RequestStats(Message):
    """How is the system?"""

    type: ClassVar[str] = "request_stats"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB, MONITOR_TO_HUB)


@frozen(kw_only=True)
class ResponseStats(Message):
    """The answer to `request_stats`: the sections of `stats_broadcast`."""

    type: ClassVar[str] = "response_stats"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_CLIENT, HUB_TO_MONITOR)
    stats: dict[str, Any]


@frozen(kw_only=True)
class SubscribeStats(Message):
    """Tell me how the system is, every `interval_seconds`; some sections, or only what changed."""

    type: ClassVar[str] = "subscribe_stats"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB, MONITOR_TO_HUB)
    enabled: bool = True
    interval_seconds: float | None = None
    include_sections: tuple[str, ...] = ()
    incremental: bool = False


@frozen(kw_only=True)
class Subscribe(Message):
    """A monitor's choice of channels."""

    type: ClassVar[str] = "subscribe"
    ways: ClassVar[tuple[str, ...]] = (CLIENT_TO_HUB, MONITOR_TO_HUB)
    channels: tuple[str, ...] = ()


@frozen(kw_only=True)
class SubscriptionConfirmed(Message):
    """A subscription has begun."""

    type: ClassVar[str] = "subscription_confirmed"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_CLIENT, HUB_TO_MONITOR)
    subscription_type: str
    job_id: str | None = None
    monitor_id: str | None = None
    channels: tuple[str, ...] = ()
    enabled: bool = True


@frozen(kw_only=True)
class StatsBroadcast(Message):
    """The whole system, or with `incremental` what changed since the last one.

    Lists of jobs are bounded; `jobs.total` and `jobs.status` count all.
    """

    type: ClassVar[str] = "stats_broadcast"
    ways: ClassVar[tuple[str, ...]] = (HUB_TO_CLIENT, HUB_TO_MONITOR)
    message_id: str | None = None
    connections: dict[str, Any] = field(factory=dict)
    workers: dict[str, Any] = field(factory=dict)
    subscriptions: dict[str, Any] = field(factory=dict)
    system: dict[str, Any] = field(factory=dict)
    incremental: bool = False
    removed_workers: tuple[str, ...] = ()


@frozen(kw_only=True)
class GetSystemStatus(Message):
    """Asks for one `system_status`."""

    type: ClassVar[str] = "get_system_status"
    ways: ClassVar[tuple[str, ...]] = ANY_TO_HUB


@frozen(kw_only=True)
class SystemStatus(Message):
    """How busy the system is; also what carries the pieces of a message that is too large."""

    type: ClassVar[str] = "system_status"
    ways: ClassVar[tuple[str, ...]] = (*ANY_TO_HUB, *HUB_TO_ANY)
    active_workers: int | None = None
    pending_jobs: int | None = None
    active_jobs: int | None = None
    completed_jobs: int | None = None
    chunk_info: dict[str, Any] | None = None
    data: Any = None
