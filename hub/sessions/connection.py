"""One peer's connection: frames in, frames out, and how it ends."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import TypeVar

from attrs import define, field

from hub.artifacts.intake import nowhere
from hub.neighbours import NeighbourError
from hub.sessions.ends import Peer, Socket
from hub.sessions.outbox import Outbox
from hub.sessions.pace import Pace
from hub.sessions.pieces import Pieces
from hub.sessions.voice import Copy, Voice
from hub.store.client import StoreUnavailableError
from hub.store.jobs import EvictedError
from shared.messages import (
    Ack,
    ChunkedMessage,
    ChunkedMessageComplete,
    ConnectionEstablished,
    Disconnect,
    Error,
    Message,
    Ping,
    Pong,
    StayAlive,
    StayAliveResponse,
    SystemStatus,
    Unknown,
)
from shared.messages.message import HUB_TO_ANY
from shared.pieces import form_of, is_piece, piece_of
from shared.wire import UnknownTypeError, WireError, decode

log = logging.getLogger(__name__)
M = TypeVar("M", bound=Message)

AT_ONCE = 256
"""Frames of one connection that may be under way; behind them it is not read."""

UNIT = 64 * 1024
"""A frame counts once more for each of so many characters or bytes."""
FRAMES_PER_S = 5000.0
TOLD_EVERY_S = 60.0
"""How often a peer is told that it says too much."""
IN_A_ROW = 16
"""Frames of one connection after which others get a turn."""

DONE, GOING_AWAY, INTERNAL, TRY_LATER, REPLACED = 1000, 1012, 1011, 1013, 4409
"""Close codes: the peer said so; the hub stops; a fault of ours; Redis is away, the peer too slow or
the hub too full; the worker's id was registered on another connection."""
INVALID = 1008
"""Close code for a key that opens nothing, or nothing any more, and for what is not spoken here."""


class ClosedError(Exception):
    """The connection must end, with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@define(eq=False)
class Connection:
    """From the first frame to the last. `run` returns when the connection has ended."""

    socket: Socket
    pieces: Pieces
    copy: Copy = nowhere
    frames_per_s: float = FRAMES_PER_S
    _outbox: Outbox = field(factory=Outbox, init=False)
    _voice: Voice = field(init=False)
    _ended: "asyncio.Future[ClosedError | None]" = field(
        factory=lambda: asyncio.get_running_loop().create_future(), init=False
    )
    _pace: Pace = field(init=False)
    _told_s: float = field(default=float("-inf"), init=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False)
    _room: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    def __attrs_post_init__(self) -> None:
        self._pace = Pace(self.frames_per_s, 2 * self.frames_per_s)
        self._voice = Voice(self._send, self.pieces.values, self._outbox.urgent, self.copy)
        self.pieces.complain = lambda problem: self.say(Error(error=problem))

    async def run(self, peer: Peer) -> None:
        """Serve the peer until one of the two ends it."""
        self._voice.unsaid = peer.unsaid
        self.say(ConnectionEstablished(message=peer.greeting))
        loops = [
            asyncio.create_task(each) for each in (self._read(peer), self._write(), self._watch())
        ]
        try:
            closed = await asyncio.shield(self._ended)
        finally:
            for task in (*loops, *self._tasks):
                task.cancel()
            await asyncio.gather(*loops, *self._tasks, return_exceptions=True)
            self.pieces.close()
            await peer.depart()
        if closed is not None:
            await self._close(closed)

    def say(self, message: Message) -> None:
        """Send this next, as the outbox sees fit; never blocks."""
        self._outbox.put(message)

    def end(self, code: int, reason: str) -> None:
        """Close the connection soon."""
        if not self._ended.done():
            self._ended.set_result(ClosedError(code, reason))

    async def _read(self, peer: Peer) -> None:
        for number in count(1):
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                if not self._ended.done():
                    self._ended.set_result(None)
                return
            text = message.get("text")
            frame = text if text is not None else message.get("bytes") or b""
            await self._wait_for_turn(frame, number)
            await self._take(peer, frame)

    async def _wait_for_turn(self, frame: str | bytes, number: int) -> None:
        """Who says too much is not read for a while; then its own kernel holds it back."""
        wait_s = self._pace.take(1 + len(frame) // UNIT)
        if wait_s:
            self._tell_to_slow_down()
        if wait_s or number % IN_A_ROW == 0:  # frames that have come already would not let go
            await asyncio.sleep(wait_s)

    def _tell_to_slow_down(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s >= TOLD_EVERY_S:
            self._told_s = now_s
            most = f"{self.frames_per_s:g} frames a second (HUB_MAX_FRAMES_PER_S)"
            self.say(Error(error=f"rate: more than {most}; what is beyond that waits to be read"))

    async def _write(self) -> None:
        try:
            await self._outbox.run(self._voice.say)
        except Exception as problem:  # noqa: BLE001 - every server has its own for a lost peer
            log.debug("cannot send: %s", problem)
            if not self._ended.done():
                self._ended.set_result(None)

    async def _watch(self) -> None:
        await self._outbox.has_overflowed.wait()
        self.end(TRY_LATER, "this peer does not read what it is sent")

    async def _take(self, peer: Peer, frame: str | bytes) -> None:
        """One frame. What need not wait its turn runs beside the next ones."""
        try:
            message = decode(frame, peer.speaker())
        except UnknownTypeError as problem:
            self.say(Unknown(content=str(problem)))
            return
        except WireError as problem:
            self.say(Error(error=str(problem)))
            return
        if is_piece(message):
            await self._guarded(self._take_piece, peer, message)
            return
        if peer.is_in_turn(message):
            await self._guarded(self._hear, peer, message)
            return
        await self._room.acquire()
        task = asyncio.create_task(self._guarded(self._hear, peer, message))
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    async def _take_piece(self, peer: Peer, message: SystemStatus | ChunkedMessage) -> None:
        self._voice.form = form_of(message)
        whole = await self.pieces.add(piece_of(message))
        if whole is None:
            return
        frame, size = whole
        if isinstance(message, ChunkedMessage):
            self.say(ChunkedMessageComplete(chunk_id=message.chunk_id, total_size=size))
        await self._take(peer, frame)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()

    async def _guarded(
        self, act: Callable[[Peer, M], Awaitable[None]], peer: Peer, message: M
    ) -> None:
        try:
            await act(peer, message)
        except (ValueError, NeighbourError) as problem:  # what was said cannot be acted on
            self.say(Error(error=str(problem)))
        except EvictedError:
            self.end(REPLACED, "the worker's id was registered on another connection")
        except StoreUnavailableError as problem:
            log.warning("closing a connection: %s", problem)
            self.end(TRY_LATER, "the store does not answer; come back")
        except Exception:
            log.exception("a frame could not be handled")
            self.end(INTERNAL, "internal error")

    async def _hear(self, peer: Peer, message: Message) -> None:
        match message:
            case Ping():
                self.say(Pong())
            case StayAlive():
                self.say(StayAliveResponse())
            case ChunkedMessageComplete():
                self.pieces.end(message.chunk_id)
                self.say(Ack(original_id=message.envelope.id, original_type=message.type))
            case Disconnect():
                self.end(DONE, "goodbye")
            case Ack() | Pong():
                pass
            case Error() | Unknown():
                log.warning("a peer could not use what it was told: %s", message)
            case _ if set(message.ways) <= set(HUB_TO_ANY):
                raise ValueError(f"type: {message.type} is said by the hub, not to it")
            case _:
                await peer.hear(message)

    async def _send(self, text: str) -> None:
        await self.socket.send({"type": "websocket.send", "text": text})

    async def _close(self, closed: ClosedError) -> None:
        with suppress(Exception):  # the peer may be gone already, each server says so differently
            async with asyncio.timeout(1):
                if not self._outbox.has_overflowed.is_set():
                    await self._outbox.flush(self._voice.say)
        with suppress(Exception):
            async with asyncio.timeout(1):
                await self.socket.send(
                    {"type": "websocket.close", "code": closed.code, "reason": closed.reason}
                )
