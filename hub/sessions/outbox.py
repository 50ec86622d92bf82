"""What is still to be said on one connection, bounded."""

import asyncio
from collections.abc import Awaitable, Callable

from attrs import define, field

from shared.messages import Message
from shared.wire import encode

LIMIT = 4096
"""Frames that may wait. The hub says little to a worker; one this far behind does not read."""


@define(eq=False)
class Outbox:
    """Frames in order. When it overflows, it ends, and with it the connection."""

    _queue: asyncio.Queue[Message] = field(
        factory=lambda: asyncio.Queue[Message](LIMIT), init=False
    )
    has_overflowed: asyncio.Event = field(factory=asyncio.Event, init=False)

    def put(self, message: Message) -> None:
        """Say this next; never blocks."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.has_overflowed.set()

    async def run(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send what is put, until cancelled."""
        while True:
            await send(encode(await self._queue.get()))

    async def flush(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send what is left."""
        while not self._queue.empty():
            await send(encode(self._queue.get_nowait()))
