"""What is still to be said on one connection, bounded, with a policy for each kind of message.

Most is said in order, and a peer that leaves too much of it unread is sent away. Of what tells a
state (progress, stats), only the newest waits; what is a mere offer is dropped for a slow peer.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable

from attrs import define, field

from hub.documents import encoded
from shared.messages import (
    CompleteJob,
    ConnectorWsStatus,
    JobAssigned,
    JobAvailable,
    JobUpdate,
    Message,
    Pong,
    ResponseJobStatus,
    ResponseStats,
    ServiceRequest,
    StatsBroadcast,
    StayAliveResponse,
    SystemStatus,
    UpdateJobProgress,
    WorkerHeartbeatAck,
)

LIMIT = 4096
"""Frames that may wait. The hub says little to a peer; one this far behind does not read."""
LARGEST = 64 * 1024 * 1024
"""Bytes of payloads, results and stats that may wait beside one that is being sent."""
SLOW = 256
"""From so many on, offers are dropped."""

OFFERS = (JobAvailable, ServiceRequest, ConnectorWsStatus)
SIGNS_OF_LIFE = (Pong, StayAliveResponse, WorkerHeartbeatAck)
"""What a peer takes the hub for dead without: said between the pieces of what is large."""


def state_of(message: Message) -> Hashable | None:
    """What a message tells the state of, if it does; a newer one takes its place."""
    if isinstance(message, (UpdateJobProgress, JobUpdate)):
        return message.job_id
    if isinstance(message, StatsBroadcast):
        return None if message.incremental else StatsBroadcast
    if isinstance(message, SystemStatus):
        return None if message.chunk_info else SystemStatus
    return None


def weight_of(message: Message) -> int:
    """Bytes of what may be large in a message; its other fields are small."""
    match message:
        case JobAssigned():
            return len(encoded(message.params))
        case CompleteJob() | ResponseJobStatus():
            return len(encoded(message.result))
        case ResponseStats():
            return len(encoded(message.stats))
        case _:
            return 0


@define(eq=False)
class Outbox:
    """Frames in order. When it overflows, it ends, and with it the connection."""

    # What is to be said, or the state of which the newest is, and its weight.
    _waiting: deque[tuple[Message | Hashable, int]] = field(factory=deque, init=False)
    _newest: dict[Hashable, Message] = field(factory=dict, init=False)
    _weight: int = field(default=0, init=False)
    _has_any: asyncio.Event = field(factory=asyncio.Event, init=False)
    has_overflowed: asyncio.Event = field(factory=asyncio.Event, init=False)

    def put(self, message: Message) -> None:
        """Say this next; never blocks."""
        state = state_of(message)
        if state is not None and state in self._newest:
            self._newest[state] = message
            return
        if isinstance(message, OFFERS) and len(self._waiting) >= SLOW:
            return
        weight = weight_of(message)
        if len(self._waiting) >= LIMIT or (self._weight and self._weight + weight > LARGEST):
            self.has_overflowed.set()
            return
        self._weight += weight
        if state is not None:
            self._newest[state] = message
        self._waiting.append((message if state is None else state, weight))
        self._has_any.set()

    def urgent(self) -> list[Message]:
        """Take the signs of life out of what waits."""
        found = [each for each, _ in self._waiting if isinstance(each, SIGNS_OF_LIFE)]
        for each in found:
            self._waiting.remove((each, 0))
        return list(found)

    async def run(self, send: Callable[[Message], Awaitable[None]]) -> None:
        """Send what is put, until cancelled."""
        while True:
            await self._has_any.wait()
            await self.flush(send)

    async def flush(self, send: Callable[[Message], Awaitable[None]]) -> None:
        """Send what is left."""
        while self._waiting:
            await send(self._next())
        self._has_any.clear()

    def _next(self) -> Message:
        first, weight = self._waiting.popleft()
        self._weight -= weight
        return first if isinstance(first, Message) else self._newest.pop(first)
