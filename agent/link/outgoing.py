"""What waits to be written to the current connection."""

import asyncio

from attrs import define, evolve, field

from shared.messages import ClaimJob, CompleteJob, Message, UpdateJobProgress, WorkerHeartbeat


@define
class Outgoing:
    """Messages in the order they were put, as few as say it all: of an attempt's progress only the
    latest waits, and none when its result does; what a worker claims waits as one.

    So a socket that takes nothing for a while costs memory for a few frames only, and jobs that end
    together are told of by one frame each.
    """

    _waiting: dict[object, Message] = field(factory=dict, init=False)
    _filled: asyncio.Event = field(factory=asyncio.Event, init=False)

    def put(self, message: Message) -> None:
        """Say `message` on this connection. It is lost when the connection breaks first."""
        key: object = object()
        match message:
            case UpdateJobProgress():
                key = message.lease
            case CompleteJob():
                self._waiting.pop(message.lease, None)
            case ClaimJob():
                key = (ClaimJob, message.worker_id)
                earlier = self._waiting.pop(key, None)
                if isinstance(earlier, ClaimJob):  # one for both, behind what has freed its slots
                    message = evolve(message, slots=message.slots + earlier.slots)
            case _:
                pass
        self._waiting[key] = message
        self._filled.set()

    async def next(self) -> Message:
        """Wait for the next message and take it."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
            await asyncio.sleep(0)  # what is put in the same turn may stand for it
        return self._waiting.pop(next(iter(self._waiting)))

    def beats(self) -> list[Message]:
        """Take the heartbeats out of what waits."""
        keys = [key for key, each in self._waiting.items() if isinstance(each, WorkerHeartbeat)]
        return [self._waiting.pop(key) for key in keys]

    def clear(self) -> None:
        """Forget what was meant for an earlier connection."""
        self._waiting.clear()
