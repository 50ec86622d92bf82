"""The one connection to the hub: opened by the agent, kept up for ever, shared by its workers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import NoReturn
from urllib.parse import quote

from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from agent.link.outgoing import Outgoing
from agent.link.pieces import Pieces, frames
from agent.link.worker import ForWorker, Worker
from agent.trust import trust
from shared.backoff import backoff_s
from shared.gathering import gathered
from shared.messages import (
    ConnectionEstablished,
    Error,
    Message,
    Unknown,
    WorkerRegistered,
)
from shared.wire import decode

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 100 * 2**20
PING_INTERVAL_S = 20
WELCOME_S = 30  # for the hub to register a worker
FIRST_RETRY_S = 0.5

Heartbeat = Callable[[Worker, float], Awaitable[None]]
"""Beats for a worker every so many seconds; returns when the hub no longer answers."""


class RefusedError(Exception):
    """The hub will not have this agent, and trying again cannot help."""


class TokenRefusedError(RefusedError):
    """The hub does not accept the token."""

    def __init__(self) -> None:
        super().__init__(
            "the hub does not accept this agent: set WORKER_TOKEN to one that it knows, or enrol "
            "again with a new token (emp-agent enrol --enrolment-token ...)"
        )


class WorkerIdTakenError(RefusedError):
    """Another agent has registered under the same id."""

    def __init__(self) -> None:
        super().__init__(
            "another agent has registered with the same id: set WORKER_ID to one of its own"
        )


_TAKEN = 4409
_REFUSALS: dict[int | None, type[RefusedError]] = {
    401: TokenRefusedError,
    403: TokenRefusedError,
    1008: TokenRefusedError,
    _TAKEN: WorkerIdTakenError,
}


class _Connection(ClientConnection):
    """Frames of one turn of the loop go out together."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(gathered(transport, self.loop.call_soon))


@define
class Link:
    """Speaks to the hub for all workers. Whatever breaks, it connects again, until refused."""

    _url: str
    _token: str | None = field(repr=False)
    _workers: Mapping[str, Worker]
    _outgoing: Outgoing
    _heartbeat: Heartbeat
    retry_cap_s: float = field(default=30, kw_only=True)
    open_s: float = field(default=10, kw_only=True)
    _pieces: Pieces = field(factory=Pieces, init=False)
    is_connected: bool = field(default=False, init=False)
    _failures: int = field(default=0, init=False)
    _refused_with: int | None = field(default=None, init=False)

    async def run(self) -> NoReturn:
        """Keep the connection up. Raises `RefusedError`; ends only by that or by cancellation."""
        while True:
            reason = await self._attempt()
            self._failures += 1
            delay_s = backoff_s(self._failures, first_s=FIRST_RETRY_S, cap_s=self.retry_cap_s)
            log.warning("no connection to the hub (%s); next try in %.1f s", reason, delay_s)
            await asyncio.sleep(delay_s)

    async def _attempt(self) -> str:
        """Hold one connection until it breaks, and say why it did."""
        try:
            async with self._connect() as socket:
                await self._talk(socket)
        except InvalidStatus as problem:
            _raise_if_refused(problem.response.status_code)
            return str(problem)
        except (OSError, WebSocketException) as problem:
            return str(problem) or type(problem).__name__
        _raise_if_refused(self._refused_with or socket.close_code)
        return f"closed with {socket.close_code} {socket.close_reason}".rstrip()

    def _connect(self) -> connect:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return connect(
            self._url,
            additional_headers=headers,
            compression=None,
            max_size=MAX_FRAME_BYTES,
            ping_interval=PING_INTERVAL_S,
            open_timeout=self.open_s,
            ssl=trust() if self._url.startswith("wss:") else None,
            create_connection=_Connection,
        )

    async def _talk(self, socket: ClientConnection) -> None:
        log.info("connected to %s", self._url)
        self._outgoing.clear()
        self._pieces.clear()
        self.is_connected = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(socket))
                for worker in self._workers.values():
                    tasks.create_task(self._watch(worker, socket))
                await self._read(socket)
        except* ConnectionClosed:
            pass  # its code and reason are the socket's
        finally:
            self.is_connected = False
            # Whatever ended the talk, this is a plain 1000; `connect` would call it an error.
            await socket.close()
        _keep_cancelled()

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            message = await self._outgoing.next()
            try:
                said = frames(message)
            except (TypeError, ValueError):
                log.exception("%s is left out: it is not JSON", message.type)
                continue
            for frame in said:
                await socket.send(frame)
                # The hub takes back what a silent worker holds: what is large must not silence it.
                for beat in self._outgoing.beats():
                    await socket.send(next(frames(beat)))

    async def _watch(self, worker: Worker, socket: ClientConnection) -> None:
        """Cut the connection when the hub leaves `worker` without an answer."""
        with suppress(TimeoutError):  # which is what there is to notice
            async with asyncio.timeout(WELCOME_S):
                await worker.registered.wait()
            await self._heartbeat(worker, worker.heartbeat_s)
        log.warning("the hub does not answer worker %s", worker.id)
        socket.transport.abort()

    async def _read(self, socket: ClientConnection) -> NoReturn:
        while True:
            frame = await socket.recv()
            try:
                message = await self._pieces.whole(decode(frame))
            except ValueError as problem:
                log.warning("a frame of the hub is ignored: %s", problem)
                continue
            if message is not None:
                self._hear(message)
            if self._refused_with is not None:
                await socket.close()

    def _hear(self, message: Message) -> None:
        match message:
            case ConnectionEstablished():
                for worker in self._workers.values():
                    worker.stock.forget()
                    worker.logs.forget()
                    worker.register()
            case Error(details={"code": 4409}):  # one of the workers; the others would not know
                self._refused_with = _TAKEN
            case Error() | Unknown():
                log.warning("the hub says: %s", message)
            case _ if isinstance(message, ForWorker):
                self._route(message)
            case _:
                log.warning("a frame of the hub is ignored: %s is not for agents", message.type)

    def _route(self, message: ForWorker) -> None:
        if isinstance(message, WorkerRegistered):
            self._failures = 0  # this connection is a good one
        for worker in self._addressed(message):
            worker.hear(message)

    def _addressed(self, message: ForWorker) -> Iterable[Worker]:
        if message.worker_id is None:
            return self._workers.values()
        if message.worker_id in self._workers:
            return [self._workers[message.worker_id]]
        log.warning("%s is ignored: there is no worker %s", message.type, message.worker_id)
        return []


def socket_url(hub_url: str, agent_id: str) -> str:
    """The address of the agent's socket on the hub at `hub_url`, an http or https URL."""
    return f"ws{hub_url.removeprefix('http')}/ws/worker/{quote(agent_id, safe='')}"


def _keep_cancelled() -> None:
    # A TaskGroup that already ends with an exception forgets a cancellation that comes meanwhile.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _raise_if_refused(code: int | None) -> None:
    if refusal := _REFUSALS.get(code):
        raise refusal
