"""One agent's connection: frames in, frames out, and how it ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from attrs import define, field

from hub.sessions.desk import Desk, ReportError
from hub.sessions.outbox import Outbox
from hub.sessions.registry import Registry
from hub.sessions.worker import WorkerSession
from hub.store.client import StoreUnavailableError
from hub.store.jobs import EvictedError
from shared.messages import (
    ClaimJob,
    CompleteJob,
    ConnectionEstablished,
    Error,
    FailJob,
    Message,
    RegisterWorker,
    ReleaseJob,
    Unknown,
    UpdateJobProgress,
    WorkerHeartbeat,
    WorkerStatus,
)
from shared.wire import UnknownTypeError, WireError, decode

log = logging.getLogger(__name__)

AT_ONCE = 256
"""Frames of one connection that may be under way; behind them it is not read."""

GOING_AWAY, INTERNAL, TRY_LATER, REPLACED = 1012, 1011, 1013, 4409
"""Close codes: the hub stops; a fault of ours; Redis is away or the peer too slow; the worker's id
was registered on another connection."""

HANDLERS: dict[type[Message], Callable[[WorkerSession, Any], Awaitable[None]]] = {
    WorkerHeartbeat: WorkerSession.heartbeat,
    WorkerStatus: WorkerSession.status,
    ClaimJob: WorkerSession.claim,
    UpdateJobProgress: WorkerSession.progress,
    CompleteJob: WorkerSession.complete,
    FailJob: WorkerSession.fail,
    ReleaseJob: WorkerSession.release,
}


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


class ClosedError(Exception):
    """The connection must end, with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@define(eq=False)
class Connection:
    """From the first frame to the last. `run` returns when the connection has ended."""

    desk: Desk
    registry: Registry
    socket: Socket
    _outbox: Outbox = field(factory=Outbox, init=False)
    _sessions: dict[str, WorkerSession] = field(factory=dict, init=False)
    _ended: "asyncio.Future[ClosedError | None]" = field(
        factory=lambda: asyncio.get_running_loop().create_future(), init=False
    )
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False)
    _room: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    async def run(self) -> None:
        """Serve the peer until one of the two ends it."""
        self._outbox.put(ConnectionEstablished(message="register_worker is next"))
        loops = [asyncio.create_task(each) for each in (self._read(), self._write(), self._watch())]
        try:
            closed = await asyncio.shield(self._ended)
        finally:
            for task in (*loops, *self._tasks):
                task.cancel()
            await asyncio.gather(*loops, *self._tasks, return_exceptions=True)
            await self._depart()
        if closed is not None:
            await self._close(closed)

    def end(self, code: int, reason: str) -> None:
        """Close the connection soon."""
        if not self._ended.done():
            self._ended.set_result(ClosedError(code, reason))

    async def _read(self) -> None:
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                if not self._ended.done():
                    self._ended.set_result(None)
                return
            frame = message.get("text")
            await self._take(frame if frame is not None else message.get("bytes") or b"")

    async def _write(self) -> None:
        try:
            await self._outbox.run(self._send)
        except Exception as problem:  # noqa: BLE001 - every server has its own for a lost peer
            log.debug("cannot send: %s", problem)
            if not self._ended.done():
                self._ended.set_result(None)

    async def _watch(self) -> None:
        await self._outbox.has_overflowed.wait()
        self.end(TRY_LATER, "this peer does not read what it is sent")

    async def _take(self, frame: str | bytes) -> None:
        """One frame. A report runs beside the next ones; a registration comes first."""
        try:
            message = decode(frame)
        except UnknownTypeError as problem:
            self._outbox.put(Unknown(content=str(problem)))
            return
        except WireError as problem:
            self._outbox.put(Error(error=str(problem)))
            return
        if isinstance(message, RegisterWorker):
            await self._guarded(self._register(message))
            return
        await self._room.acquire()
        task = asyncio.create_task(self._guarded(self._handle(message)))
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except ValueError as problem:  # ReportError, PreviewError: what was said is at fault
            self._outbox.put(Error(error=str(problem)))
        except EvictedError:
            self.end(REPLACED, "the worker's id was registered on another connection")
        except StoreUnavailableError as problem:
            log.warning("closing a connection: %s", problem)
            self.end(TRY_LATER, "the store does not answer; come back")
        except Exception:
            log.exception("a frame could not be handled")
            self.end(INTERNAL, "internal error")

    async def _register(self, message: RegisterWorker) -> None:
        session = WorkerSession(
            self.desk,
            message.worker_id,
            message.slots,
            self._outbox.put,
            lambda: self.end(REPLACED, "the worker's id was registered on another connection"),
        )
        before = self._sessions.pop(message.worker_id, None)
        if before is not None:  # the same worker with another capability: nobody is to be evicted
            self.registry.leave(before)
            self.desk.dispatcher.leave(before.seat)
        await session.register(message)
        self._sessions[message.worker_id] = session
        self.registry.enter(session)

    async def _handle(self, message: Message) -> None:
        handler = HANDLERS.get(type(message))
        if handler is None:
            raise ReportError(f"type: {message.type} is said by the hub, not to it")
        worker_id = getattr(message, "worker_id", "")
        session = self._sessions.get(worker_id)
        if session is None:
            raise ReportError(
                f"worker_id: {worker_id} is not registered on this connection; send register_worker"
            )
        await handler(session, message)

    async def _send(self, text: str) -> None:
        await self.socket.send({"type": "websocket.send", "text": text})

    async def _depart(self) -> None:
        for session in self._sessions.values():
            self.registry.leave(session)
            with suppress(StoreUnavailableError):  # then the leases run out by themselves
                await session.depart()

    async def _close(self, closed: ClosedError) -> None:
        with suppress(Exception):  # the peer may be gone already, each server says so differently
            async with asyncio.timeout(1):
                await self._outbox.flush(self._send)
                await self.socket.send(
                    {"type": "websocket.close", "code": closed.code, "reason": closed.reason}
                )
