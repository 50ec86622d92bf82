"""What any peer may be told, or say."""

from typing import Any, ClassVar

from attrs import frozen

from shared.messages.message import ANY_TO_HUB, HUB_TO_ANY, Message


@frozen(kw_only=True)
class ConnectionEstablished(Message):
    """The first frame on every connection."""

    type: ClassVar[str] = "connection_established"
    ways: ClassVar[tuple[str, ...]] = HUB_TO_ANY
    message: str


@frozen(kw_only=True)
class Ack(Message):
    """A message was heard: its id and type."""

    type: ClassVar[str] = "ack"
    ways: ClassVar[tuple[str, ...]] = (*ANY_TO_HUB, *HUB_TO_ANY)
    message_id: str | None = None
    original_type: str | None = None
    original_id: str | None = None


@frozen(kw_only=True)
class Error(Message):
    """Something that was said could not be acted on."""

    type: ClassVar[str] = "error"
    ways: ClassVar[tuple[str, ...]] = (*ANY_TO_HUB, *HUB_TO_ANY)
    error: str
    details: dict[str, Any] | None = None


@frozen(kw_only=True)
class Unknown(Message):
    """A message type that nobody here knows, or one that means nothing here, and why."""

    type: ClassVar[str] = "unknown"
    ways: ClassVar[tuple[str, ...]] = (*ANY_TO_HUB, *HUB_TO_ANY)
    content: str


@frozen(kw_only=True)
class Ping(Message):
    """Are you there? Answered by `pong`."""

    type: ClassVar[str] = "ping"
    ways: ClassVar[tuple[str, ...]] = ANY_TO_HUB


@frozen(kw_only=True)
class Pong(Message):
    """The answer to `ping`."""

    type: ClassVar[str] = "pong"
    ways: ClassVar[tuple[str, ...]] = (*ANY_TO_HUB, *HUB_TO_ANY)


@frozen(kw_only=True)
class StayAlive(Message):
    """Are you there? Answered by `stay_alive_response`."""

    type: ClassVar[str] = "stay_alive"
    ways: ClassVar[tuple[str, ...]] = ANY_TO_HUB


@frozen(kw_only=True)
class StayAliveResponse(Message):
    """The answer to `stay_alive`."""

    type: ClassVar[str] = "stay_alive_response"
    ways: ClassVar[tuple[str, ...]] = HUB_TO_ANY


@frozen(kw_only=True)
class Disconnect(Message):
    """This peer goes; the hub closes the connection."""

    type: ClassVar[str] = "disconnect"
    ways: ClassVar[tuple[str, ...]] = ANY_TO_HUB
    reason: str | None = None


@frozen(kw_only=True)
class ChunkedMessage(Message):
    """A piece of a message that is too large: `data` is base64, `data_hash` the SHA-256 of all of it."""

    type: ClassVar[str] = "chunked_message"
    ways: ClassVar[tuple[str, ...]] = (*ANY_TO_HUB, *HUB_TO_ANY)
    chunk_id: str
    chunk_index: int
    total_chunks: int
    data: str
    data_hash: str
    original_type: str | None = None


@frozen(kw_only=True)
class ChunkedMessageComplete(Message):
    """The peer has sent all pieces: an `ack`, or an `error` that names those that are missing. The hub
    has put together what came as `chunked_message`: how many bytes it has.
    """

    type: ClassVar[str] = "chunked_message_complete"
    ways: ClassVar[tuple[str, ...]] = (*ANY_TO_HUB, *HUB_TO_ANY)
    chunk_id: str
    total_size: int | None = None
