"""An agent at the other end: one connection, one or more workers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from attrs import define, evolve, field

from hub.sessions.connection import REPLACED
from hub.sessions.counter import Counter
from hub.sessions.desk import Desk, ReportError
from hub.sessions.ends import Line
from hub.sessions.models import stock
from hub.sessions.registry import Registry
from hub.sessions.worker import WorkerSession
from hub.store.client import StoreUnavailableError
from hub.store.jobs import EvictedError
from shared.matching import Capability
from shared.messages import (
    Ack,
    ClaimJob,
    CompleteJob,
    ConnectorWsStatus,
    Error,
    FailJob,
    GetSystemStatus,
    JobAssigned,
    JobCancelled,
    JobCompleted,
    JobNotificationsSubscribed,
    Message,
    RegisterWorker,
    ReleaseJob,
    ResponseLogs,
    ServiceRequest,
    SubscribeJobNotifications,
    UpdateJobProgress,
    WorkerHeartbeat,
    WorkerModels,
    WorkerStatus,
)
from shared.states import ErrorClass

HANDLERS: dict[type[Message], Callable[[WorkerSession, Any], Awaitable[None]]] = {
    WorkerHeartbeat: WorkerSession.heartbeat,
    WorkerStatus: WorkerSession.status,
    ClaimJob: WorkerSession.claim,
    UpdateJobProgress: WorkerSession.progress,
    CompleteJob: WorkerSession.complete,
    JobCompleted: WorkerSession.complete,
    FailJob: WorkerSession.fail,
    ReleaseJob: WorkerSession.release,
    JobCancelled: WorkerSession.stopped,
    WorkerModels: stock,
}
TAKEN_OVER = "the worker's id was registered on another connection"


@define(eq=False)
class AgentPeer:
    """The workers of one connection. Raises `ReportError`."""

    desk: Desk
    registry: Registry
    counter: Counter
    line: Line
    address_id: str | None = None  # who the address says it is
    greeting: str = field(default="register_worker is next", init=False)
    _sessions: dict[str, WorkerSession] = field(factory=dict, init=False)
    _registering: asyncio.Task[None] | None = field(default=None, init=False)

    def speaker(self) -> str | None:
        """The only worker here, or the one in the address."""
        return next(iter(self._sessions)) if len(self._sessions) == 1 else self.address_id

    def is_in_turn(self, message: Message, /) -> bool:
        """A registration comes before what its worker says."""
        return isinstance(message, (RegisterWorker, WorkerStatus))

    async def hear(self, message: Message) -> None:
        """Act on what one of the workers says."""
        if isinstance(message, RegisterWorker):
            # The store must not carry it out behind the departure: that would leave a ghost.
            self._registering = asyncio.create_task(self._register(message))
            await asyncio.shield(self._registering)
            return
        if isinstance(message, GetSystemStatus):
            self.line.say(await self.counter.stats.status())
            return
        session = self._session(message)
        if isinstance(message, (ServiceRequest, ConnectorWsStatus)):
            await self.counter.audience.tell(message)
            self.line.say(Ack(original_id=message.envelope.id, original_type=message.type))
            return
        if isinstance(message, ResponseLogs):
            await self.counter.logs.tell(message)
            return
        if isinstance(message, WorkerStatus) and message.capabilities is not None:
            await self._recast(session, message, message.capabilities)
            session = self._session(message)
        try:
            await self._act(session, message)
        except EvictedError:
            self._evict(session)

    async def _act(self, session: WorkerSession, message: Message) -> None:
        offering = self.counter.offering
        if isinstance(message, ClaimJob) and message.job_id is not None:
            await offering.take(session, message, message.job_id)
            return
        if isinstance(message, SubscribeJobNotifications):
            change = offering.listen if message.enabled else offering.leave
            self.line.say(
                JobNotificationsSubscribed(worker_id=session.worker_id, enabled=message.enabled)
            )
            change(session)
            return
        handler = HANDLERS.get(type(message))
        if handler is None:
            raise ReportError(f"type: {message.type} is not said by workers; {_REMEDY}")
        await handler(session, message)
        if isinstance(message, (CompleteJob, JobCompleted, FailJob, ReleaseJob)):
            offering.is_free(session)

    async def unsaid(self, message: Message, problem: str, /) -> bool:
        """A job without its payload is no job: the attempt has failed, and the worker asks for another."""
        session = (
            self._sessions.get(message.worker_id) if isinstance(message, JobAssigned) else None
        )
        if not isinstance(message, JobAssigned) or session is None:
            return False
        failed = FailJob(
            job_id=message.job_id,
            worker_id=session.worker_id,
            attempt=message.attempt,
            lease=message.lease,
            error=problem,
            error_class=ErrorClass.NETWORK,
        )
        await session.fail(failed)
        if not self.counter.offering.is_listening(session):
            self.desk.dispatcher.add_credit(session.seat, 1)
        self.counter.offering.is_free(session)
        return True

    async def depart(self) -> None:
        """The connection is gone, and the workers with it."""
        if self._registering is not None:
            await asyncio.gather(self._registering, return_exceptions=True)
        for session in list(self._sessions.values()):
            self.registry.leave(session)
            self.counter.offering.leave(session)
            with suppress(StoreUnavailableError):  # then the leases run out by themselves
                await session.depart()

    def _session(self, message: Message) -> WorkerSession:
        worker_id = getattr(message, "worker_id", None) or self.speaker() or ""
        session = self._sessions.get(worker_id)
        if session is None:
            raise ReportError(
                f"worker_id: {worker_id} is not registered on this connection; send register_worker"
            )
        return session

    async def _register(self, message: RegisterWorker) -> None:
        most = self.desk.settings.max_concurrent_jobs_per_worker
        if most is not None and message.slots > most:
            message = evolve(message, slots=most)
        session = WorkerSession(
            self.desk,
            message.worker_id,
            message.slots,
            self.line.say,
            lambda: self._evict(session),
        )
        before = self._sessions.get(message.worker_id)
        if before is not None:  # the same worker with another capability: nobody is to be evicted
            self.registry.leave(before)
            self.counter.offering.leave(before)
            self.desk.dispatcher.leave(before.seat)
        await session.register(message)
        self._sessions[message.worker_id] = session
        self.registry.enter(session)
        if message.subscribe_to_jobs:
            self.counter.offering.listen(session)

    async def _recast(
        self, session: WorkerSession, message: WorkerStatus, capability: Capability
    ) -> None:
        """The worker can do something else from now on; what it holds and asked for stays."""
        if capability == session.seat.capability:
            return
        credit = session.seat.credit
        again = RegisterWorker(
            worker_id=session.worker_id,
            capabilities=capability,
            slots=session.slots,
            running=session.held.all,
            status=message.status or "idle",
            subscribe_to_jobs=self.counter.offering.is_listening(session),
        )
        self._registering = asyncio.create_task(self._register(again))
        await asyncio.shield(self._registering)
        self.desk.dispatcher.add_credit(self._sessions[session.worker_id].seat, credit)

    def _evict(self, session: WorkerSession) -> None:
        """Another connection has the worker; those beside it on this one stay."""
        if self._sessions.get(session.worker_id) is not session:
            return
        if len(self._sessions) == 1:
            self.line.end(REPLACED, TAKEN_OVER)
            return
        del self._sessions[session.worker_id]
        self.registry.leave(session)
        self.counter.offering.leave(session)
        self.desk.dispatcher.leave(session.seat)
        self.line.say(
            Error(
                error=f"worker_id: {session.worker_id}: {TAKEN_OVER}",
                details={"worker_id": session.worker_id, "code": REPLACED},
            )
        )


_REMEDY = "connect as a client: /ws/client/{id}"
