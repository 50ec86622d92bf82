"""The root of every message class, and what travels around its fields."""

from typing import Any, ClassVar

from attrs import field, frozen

WORKER_TO_HUB = "worker → hub"
HUB_TO_WORKER = "hub → worker"
CLIENT_TO_HUB = "client → hub"
HUB_TO_CLIENT = "hub → client"
MONITOR_TO_HUB = "monitor → hub"
HUB_TO_MONITOR = "hub → monitor"
ANY_TO_HUB = (WORKER_TO_HUB, CLIENT_TO_HUB, MONITOR_TO_HUB)
HUB_TO_ANY = (HUB_TO_WORKER, HUB_TO_CLIENT, HUB_TO_MONITOR)


@frozen(kw_only=True)
class Envelope:
    """What came with a message that its class does not name. Never sent on.

    `timestamp` is milliseconds since the epoch, however the sender wrote it. `extra` holds the
    fields that nobody here knows.
    """

    id: str | None = None
    timestamp: int | None = None
    source: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Message:
    """What all messages have in common: their `type`, and who says it to whom (`ways`)."""

    type: ClassVar[str]
    ways: ClassVar[tuple[str, ...]]
    envelope: Envelope = field(factory=Envelope, eq=False, repr=False)
