"""An agent's side of the socket, frame by frame."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from attrs import define
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from shared.jobs import Lease
from shared.matching import Capability
from shared.messages import (
    ClaimJob,
    CompleteJob,
    ConnectionEstablished,
    FailJob,
    JobAssigned,
    Message,
    RegisterWorker,
    ReleaseJob,
    UpdateJobProgress,
    WorkerHeartbeat,
    WorkerRegistered,
)
from shared.pieces import split
from shared.states import Reason
from shared.wire import decode, encode

M = TypeVar("M", bound=Message)
PATIENCE_S = 20
SIMULATION = Capability(services=("simulation",))


@define(eq=False)
class WireWorker:
    """One worker on a connection; `beside` is another one on the same."""

    socket: ClientConnection
    worker_id: str

    def beside(self, worker_id: str) -> "WireWorker":
        """Another worker of the same agent."""
        return WireWorker(self.socket, worker_id)

    async def send(self, said: Message | str | bytes) -> None:
        """Send a message, or a frame as it is."""
        await self.socket.send(encode(said) if isinstance(said, Message) else said)

    async def expect(self, kind: type[M]) -> M:
        """The next message, which must be of this kind."""
        async with asyncio.timeout(PATIENCE_S):
            message = decode(await self.socket.recv())
        assert isinstance(message, kind), message
        return message

    async def expect_close(self) -> tuple[int, str]:
        """With what code and reason the hub closes; frames before that are skipped."""
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionClosed):  # the code tells
                while True:
                    await self.socket.recv()
        assert self.socket.close_code is not None
        return self.socket.close_code, self.socket.close_reason or ""

    async def register(
        self, capability: Capability = SIMULATION, **fields: Any
    ) -> WorkerRegistered:
        """Register, and hear the welcome."""
        await self.send(RegisterWorker(worker_id=self.worker_id, capabilities=capability, **fields))
        return await self.expect(WorkerRegistered)

    async def claim(self, slots: int = 1) -> None:
        """Ask for jobs."""
        await self.send(ClaimJob(worker_id=self.worker_id, slots=slots))

    async def take(self) -> JobAssigned:
        """Ask for a job, and wait for it."""
        await self.claim()
        return await self.expect(JobAssigned)

    async def report(self, job: JobAssigned, progress: float, **fields: Any) -> None:
        """Say how far a job is."""
        await self.send(UpdateJobProgress(progress=progress, **_of(job), **fields))

    async def complete(self, job: JobAssigned, result: Any = None) -> None:
        """Say that a job is done."""
        await self.send(CompleteJob(result=result, **_of(job)))

    async def complete_in_pieces(self, job: JobAssigned, result: Any) -> None:
        """Say that a job is done, with a result that is too large for one frame."""
        for part in split(encode(CompleteJob(result=result, **_of(job)))):
            await self.send(part)

    async def fail(self, job: JobAssigned, error: str = "broke", **fields: Any) -> None:
        """Say that a job failed."""
        await self.send(FailJob(error=error, **_of(job), **fields))

    async def release(
        self, job: JobAssigned, reason: Reason = Reason.DRAINED, error: str | None = None
    ) -> None:
        """Give a job back."""
        await self.send(ReleaseJob(reason=reason, error=error, **_of(job)))

    async def beat(self, *running: Lease, **fields: Any) -> None:
        """Send a heartbeat that names these leases."""
        await self.send(WorkerHeartbeat(worker_id=self.worker_id, running=running, **fields))


@asynccontextmanager
async def connected(
    url: str, worker_id: str = "w1", *, path: str | None = None, **options: Any
) -> AsyncGenerator[WireWorker]:
    """A connection to the hub at `url` that has heard its greeting."""
    address = url.replace("http://", "ws://") + (path or f"/ws/worker/{worker_id}")
    async with connect(address, compression=None, max_size=None, **options) as socket:
        worker = WireWorker(socket, worker_id)
        await worker.expect(ConnectionEstablished)
        yield worker


def lease_of(job: JobAssigned) -> Lease:
    """The lease that came with an assignment."""
    return Lease(job.job_id, job.attempt, job.lease)


def _of(job: JobAssigned) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "worker_id": job.worker_id,
        "attempt": job.attempt,
        "lease": job.lease,
    }
