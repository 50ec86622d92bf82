"""The two ends of a connection, as they see each other."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from shared.messages import Message


class Socket(Protocol):
    """An accepted WebSocket as ASGI speaks it."""

    @property
    def receive(self) -> Callable[[], Awaitable[Any]]:
        """Waits for the next ASGI message."""
        ...

    @property
    def send(self) -> Callable[..., Awaitable[None]]:
        """Sends an ASGI message."""
        ...


class Line(Protocol):
    """What a peer may do with its connection."""

    def say(self, message: Message) -> None:
        """Send this next; never blocks."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Close the connection soon."""
        ...


class Peer(Protocol):
    """Who is at the other end. Raises `ValueError` for what cannot be acted on."""

    greeting: str

    def speaker(self) -> str | None:
        """The worker that speaks when a frame does not say it."""
        ...

    def is_in_turn(self, message: Message, /) -> bool:
        """Whether the frames behind this one wait until it has been heard."""
        ...

    async def hear(self, message: Message) -> None:
        """Act on one message."""
        ...

    async def unsaid(self, message: Message, problem: str, /) -> bool:
        """A message has a value that cannot be had now; whether it is not to be said at all."""
        ...

    async def depart(self) -> None:
        """The connection has ended."""
        ...
