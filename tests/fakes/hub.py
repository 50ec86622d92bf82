"""The far end of the agent's link: a real socket server that says what the test tells it.

A fake hub rather than a fake client, so that frames, closing codes and lost connections are the
real ones.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email.utils import formatdate
from http import HTTPStatus
from typing import TypeVar

from attrs import define, evolve, field
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from shared.jobs import Lease
from shared.messages import (
    ClaimJob,
    ConnectionEstablished,
    JobAssigned,
    Message,
    RegisterWorker,
    WorkerHeartbeat,
    WorkerHeartbeatAck,
    WorkerRegistered,
)
from shared.wire import decode, encode

M = TypeVar("M", bound=Message)
PATIENCE_S = 40
STARTING = "initializing"
"""The status of a worker that cannot work yet."""


@define
class Talk:
    """One accepted connection, as the hub sees it."""

    socket: ServerConnection
    heard: list[Message] = field(factory=list, init=False)  # everything so far
    answers_beats: bool = field(default=False, init=False)  # of an agent that would leave else
    _unread: asyncio.Queue[Message] = field(factory=asyncio.Queue, init=False)

    async def listen(self) -> None:
        """Record what the agent says, until it has gone."""
        try:
            async for frame in self.socket:
                message = decode(frame)
                self.heard.append(message)
                self._unread.put_nowait(message)
                if self.answers_beats and isinstance(message, WorkerHeartbeat):
                    await self.say(WorkerHeartbeatAck(worker_id=message.worker_id, lost=()))
        except ConnectionClosed:
            pass  # however it went, it is over

    async def say(self, message: Message) -> None:
        """Send a frame."""
        await self.socket.send(encode(message))

    async def hear(self, kind: type[M]) -> M:
        """Wait for the next message of a kind; those before it are skipped."""
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(message := await self._unread.get(), kind):
                pass
            return message

    async def welcome(
        self, *, heartbeat_s: float = 60, lost: tuple[Lease, ...] = ()
    ) -> RegisterWorker:
        """Greet the agent and take its registration: the first in which it has started. One that takes
        its time to look at its machine introduces itself before, and then again once it is answered.
        """
        await self.say(ConnectionEstablished(message="welcome"))
        while True:
            registration = await self.hear(RegisterWorker)
            await self.say(
                WorkerRegistered(
                    worker_id=registration.worker_id, heartbeat_s=heartbeat_s, lease_s=90, lost=lost
                )
            )
            if registration.status != STARTING:
                return registration

    async def give(self, job_id: str, **fields: object) -> JobAssigned:
        """Wait for credit, then assign a job."""
        await self.hear(ClaimJob)
        job = assignment(job_id, **fields)
        await self.say(job)
        return job


@define
class FakeHub:
    """Accepts connections and hands them to the test."""

    url: str = field(default="", init=False)
    refusal: HTTPStatus | None = field(default=None, init=False)
    pages: dict[str, str] = field(factory=dict[str, str], init=False)  # plain text, by path
    ahead_s: float = field(default=0, init=False)  # of this machine's clock
    requests: list[Request] = field(factory=list, init=False)
    _talks: asyncio.Queue[Talk] = field(factory=asyncio.Queue, init=False)

    async def accepted(self) -> Talk:
        """Wait for the next connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._talks.get()

    async def welcomed(self, *, heartbeat_s: float = 60) -> Talk:
        """Wait for the next connection and register its worker."""
        talk = await self.accepted()
        await talk.welcome(heartbeat_s=heartbeat_s)
        return talk

    async def serve_one(self, socket: ServerConnection) -> None:
        """Hand a connection to the test."""
        talk = Talk(socket)
        self._talks.put_nowait(talk)
        await talk.listen()

    def answer(self, socket: ServerConnection, request: Request) -> Response | None:
        """Refuse the handshake when the test wants it."""
        if request.path == "/health":
            response = socket.respond(HTTPStatus.OK, "{}")
            response.headers.pop("Date", None)
            response.headers["Date"] = formatdate(time.time() + self.ahead_s, usegmt=True)
            return response
        if request.path in self.pages:
            return socket.respond(HTTPStatus.OK, self.pages[request.path])
        self.requests.append(request)
        return socket.respond(self.refusal, "no\n") if self.refusal else None


@asynccontextmanager
async def running_hub(port: int = 0) -> AsyncGenerator[FakeHub]:
    """A fake hub on this machine, by itself on a free port."""
    hub = FakeHub()
    async with serve(
        hub.serve_one,
        "127.0.0.1",
        port,
        compression=None,
        max_size=None,
        process_request=hub.answer,
    ) as server:
        address, at = next(iter(server.sockets)).getsockname()
        hub.url = f"http://{address}:{at}"
        yield hub


def assignment(job_id: str = "job-1", **fields: object) -> JobAssigned:
    """An assignment of a job to worker `w1`, with a lease of its own."""
    usual = JobAssigned(
        job_id=job_id,
        worker_id="w1",
        job_type="scripted",
        priority=50,
        params={},
        attempt=1,
        lease=f"lease-of-{job_id}",
    )
    return evolve(usual, **fields)


def lease_of(job: JobAssigned) -> Lease:
    """The lease that comes with an assignment."""
    return Lease(job.job_id, job.attempt, job.lease)
