"""What waits to be written to the current connection."""

import asyncio

from attrs import define, field

from shared.messages import Message, UpdateJobProgress, WorkerHeartbeat


@define
class Outgoing:
    """Messages in the order they were put; of an attempt's progress only the latest waits.

    So a socket that takes nothing for a while costs memory for a few frames only.
    """

    _waiting: dict[object, Message] = field(factory=dict, init=False)
    _filled: asyncio.Event = field(factory=asyncio.Event, init=False)

    def put(self, message: Message) -> None:
        """Say `message` on this connection. It is lost when the connection breaks first."""
        is_progress = isinstance(message, UpdateJobProgress)
        self._waiting[message.lease if is_progress else object()] = message
        self._filled.set()

    async def next(self) -> Message:
        """Wait for the next message and take it."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.pop(next(iter(self._waiting)))

    def beats(self) -> list[Message]:
        """Take the heartbeats out of what waits."""
        keys = [key for key, each in self._waiting.items() if isinstance(each, WorkerHeartbeat)]
        return [self._waiting.pop(key) for key in keys]

    def clear(self) -> None:
        """Forget what was meant for an earlier connection."""
        self._waiting.clear()
