"""What any peer may be told."""

from typing import Any, ClassVar

from attrs import frozen

from shared.messages.message import Message


@frozen(kw_only=True)
class ConnectionEstablished(Message):
    """H→W: the first frame on every connection."""

    type: ClassVar[str] = "connection_established"
    message: str


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
