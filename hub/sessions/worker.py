"""One worker on a connection: what it may say, and what each saying does.

Every report names its lease, or is about the one that this connection assigned; the store decides
whether it still counts.
"""

import secrets
from collections.abc import Callable

from attrs import define, field

from hub.seats import Seat
from hub.sessions.desk import Desk, ReportError
from hub.sessions.held import Held
from hub.sessions.refusals import LARGEST_RESULT, check_registration
from hub.store.claims import Claimed
from hub.store.jobs import Progress
from shared.backoff import backoff_s
from shared.jobs import Failure, Lease
from shared.messages import (
    CancelJob,
    ClaimJob,
    CompleteJob,
    FailJob,
    JobAssigned,
    JobCancelled,
    JobCompleted,
    JobCompletedAck,
    JobFailedAck,
    Message,
    RegisterWorker,
    ReleaseJob,
    UpdateJobProgress,
    WorkerHeartbeat,
    WorkerHeartbeatAck,
    WorkerRegistered,
    WorkerStatus,
)
from shared.results import too_large
from shared.wire import dump_json

Report = UpdateJobProgress | CompleteJob | JobCompleted | FailJob | ReleaseJob
STILL_HERE = -1  # the progress that says nothing but that the attempt goes on


@define(eq=False)
class WorkerSession:
    """A registered worker. `say` puts a message into the outbox. Raises `ReportError`."""

    desk: Desk
    worker_id: str
    slots: int
    say: Callable[[Message], None]
    evict: Callable[[], None]
    id: str = field(factory=lambda: secrets.token_hex(16), init=False)
    seat: Seat = field(init=False)
    held: Held = field(factory=Held, init=False)

    def __attrs_post_init__(self) -> None:
        check_registration(self.worker_id, self.slots)

    async def register(self, message: RegisterWorker) -> None:
        """Enter the worker and keep the leases it still holds."""
        class_ = await self.desk.workers.register(
            self.worker_id, self.id, message.capabilities, message.slots, message.status
        )
        lost = await self.desk.jobs.renew(self.worker_id, self.id, message.running)
        self.held.bring(each for each in message.running if each not in lost)
        self.seat = Seat(
            self.worker_id, self.id, class_, message.capabilities, self.assign, self.evict
        )
        self.desk.dispatcher.sit(self.seat)
        self.say(
            WorkerRegistered(
                worker_id=self.worker_id,
                heartbeat_s=self.desk.settings.hub_heartbeat_s,
                lease_s=self.desk.settings.hub_lease_s,
                lost=lost,
            )
        )

    @property
    def free(self) -> int:
        """Slots that are neither taken nor asked for."""
        return self.slots - len(self.held) - self.seat.credit

    async def depart(self) -> None:
        """The connection is gone."""
        self.desk.dispatcher.leave(self.seat)
        await self.desk.workers.depart(self.worker_id, self.id, self.desk.settings.hub_grace_s)

    def cancel(self, job_id: str, why: str) -> None:
        """Tell the worker to stop a job; whatever it reports of it will not count."""
        if (lease := self.held.of(job_id)) is not None:
            self._stop(lease, why)

    async def heartbeat(self, message: WorkerHeartbeat) -> None:
        """Renew the leases that are named, or all that were assigned here. A job of which the worker
        has never heard has gone back by itself, and its slot is free.
        """
        leases = self.held.all if message.running is None else message.running
        lost = await self.desk.jobs.renew(
            self.worker_id,
            self.id,
            leases,
            status=message.status or "",
            system=dump_json(message.system_info) if message.system_info else "",
        )
        unheard = self.held.unheard(leases, self.desk.settings.hub_lease_s)
        for each in (*lost, *unheard):
            self._drop(each)
        if unheard:
            self.desk.dispatcher.add_credit(self.seat, len(unheard))
        self.say(WorkerHeartbeatAck(worker_id=self.worker_id, lost=lost))

    async def status(self, message: WorkerStatus) -> None:
        """The worker's state has changed."""
        await self.desk.jobs.renew(self.worker_id, self.id, (), status=message.status or "")

    async def claim(self, message: ClaimJob) -> None:
        """More credit. A worker that asks for more than its slots gets what they leave."""
        free = self.free
        self.desk.dispatcher.add_credit(self.seat, max(0, min(message.slots, free)))
        if not 1 <= message.slots <= free:
            raise ReportError(
                f"slots: {message.slots} asked for, but of the {self.slots} registered {free} are "
                "free; claim 1 for each slot that becomes free"
            )

    async def progress(self, message: UpdateJobProgress) -> None:
        """How far an attempt is. The first report of one says that it has started."""
        if message.progress != STILL_HERE and not 0 <= message.progress <= 100:  # noqa: PLR2004 - percent
            raise ReportError(
                f"progress: expected 0 to 100, or {STILL_HERE} to keep the job, got {message.progress:g}"
            )
        lease = self._lease(message)
        if not self.held.take_up(lease):
            return  # of an attempt that was lost: a later one of the same job runs here
        if message.preview is not None:
            self.desk.previews.put(message.job_id, message.preview)
        counts = message.progress != STILL_HERE and await self._advance(
            lease,
            Progress(message.progress, message.message or "", dump_json(message.details or {})),
        )
        # A lease that ran out while its holder was away may still be taken up again.
        if not counts and await self.desk.jobs.renew(self.worker_id, self.id, (lease,)):
            self._stop(lease, "superseded")

    async def complete(self, message: CompleteJob | JobCompleted) -> None:
        """An attempt succeeded."""
        result = dump_json(message.result)
        if len(result) > LARGEST_RESULT:
            await self.fail(too_large(message, LARGEST_RESULT))
            raise ReportError(f"result: more than {LARGEST_RESULT} characters come in pieces")
        status = await self.desk.jobs.complete(lease := self._end(message), result)
        self.say(
            JobCompletedAck(
                job_id=lease.job_id, worker_id=self.worker_id, status=status, attempt=lease.attempt
            )
        )

    async def fail(self, message: FailJob) -> None:
        """An attempt failed."""
        lease = self._end(message)
        failure = Failure(
            error=message.error,
            error_class=message.error_class,
            retryable=message.retry,
            details=message.details,
        )
        delay_s = backoff_s(lease.attempt, first_s=self.desk.settings.hub_retry_first_s)
        self._ended(lease, await self.desk.jobs.fail(lease, failure, delay_s))

    async def release(self, message: ReleaseJob) -> None:
        """An attempt is given back unfinished."""
        lease = self._end(message)
        self._ended(lease, await self.desk.jobs.release(lease, message.reason, message.error))

    async def stopped(self, message: JobCancelled) -> None:
        """The worker has stopped what it was told to stop, or could not."""
        lease = Lease(message.job_id, message.attempt or 0, message.lease or "")
        problem = "" if message.stopped else message.message or "the worker gave no reason"
        counts = await self.desk.jobs.confirm(lease, problem, message.partial or ())
        if not counts and self.held.of(message.job_id):
            raise ReportError(
                f"job_id: {message.job_id} was not cancelled; end it by fail_job or release_job"
            )

    async def _advance(self, lease: Lease, progress: Progress) -> bool:
        if self.held.has_started(lease):
            return await self.desk.jobs.progress(lease, progress)
        self.held.start(lease)
        return await self.desk.jobs.start(lease, progress)

    def _stop(self, lease: Lease, why: str) -> None:
        if self._drop(lease):  # else it has ended meanwhile
            self.say(CancelJob(job_id=lease.job_id, worker_id=self.worker_id, reason=why))

    def _drop(self, lease: Lease) -> bool:
        is_held = self.held.drop(lease)
        if is_held:
            self.desk.previews.drop(lease.job_id)
        return is_held

    def assign(self, claimed: Claimed) -> None:
        """The worker holds a job now."""
        lease = claimed.lease
        self.held.assign(lease)
        self.say(
            JobAssigned(
                job_id=lease.job_id,
                worker_id=self.worker_id,
                job_type=claimed.type,
                priority=claimed.priority,
                params=claimed.payload,
                attempt=lease.attempt,
                lease=lease.id,
                timeout_s=claimed.timeout_s,
            )
        )

    def _lease(self, message: Report) -> Lease:
        if message.attempt is not None and message.lease is not None:
            return Lease(message.job_id, message.attempt, message.lease)
        lease = self.held.of(message.job_id)
        if lease is None:
            raise ReportError(
                f"job_id: {message.job_id} is not assigned on this connection; name its attempt and "
                "lease"
            )
        return lease

    def _end(self, message: Report) -> Lease:
        self._drop(lease := self._lease(message))
        return lease

    def _ended(self, lease: Lease, status: str) -> None:
        self.say(
            JobFailedAck(
                job_id=lease.job_id, worker_id=self.worker_id, status=status, attempt=lease.attempt
            )
        )
