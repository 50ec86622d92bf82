"""One worker's side of the talk with the hub: what it registers, claims, takes and reports.

Nothing here waits: `hear` acts on what the hub said, and what there is to say goes to `send`.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from attrs import define, evolve, field

from agent.connectors.base import Progress
from agent.ledger import Ledger
from agent.ledger_lines import Entry
from agent.link.left import Left
from agent.link.loglines import LogLines
from agent.link.outbox import FinalReport, Outbox
from agent.link.progress import ProgressFeed
from agent.link.reports import final_report, lease_of, stopped_report
from agent.link.stock import Stock
from agent.runner import Outcome, Released
from agent.slots import Slots, Stopped
from shared.jobs import Lease
from shared.matching import Capability
from shared.messages import (
    CancelJob,
    ClaimJob,
    JobAssigned,
    JobCompletedAck,
    JobFailedAck,
    Message,
    RegisterWorker,
    RequestLogs,
    WorkerHeartbeat,
    WorkerHeartbeatAck,
    WorkerRegistered,
    WorkerStatus,
)

log = logging.getLogger(__name__)

ForWorker = (
    WorkerRegistered
    | WorkerHeartbeatAck
    | JobAssigned
    | JobCompletedAck
    | JobFailedAck
    | CancelJob
    | RequestLogs
)


@define
class Worker:
    """What runs jobs under one id. Its slots and its outbox outlive every connection."""

    id: str
    capability: Capability
    _slots: Slots
    _send: Callable[[Message], None]
    ledger: Ledger = field(factory=Ledger)
    outbox: Outbox = field(factory=Outbox, init=False)
    registered: asyncio.Event = field(factory=asyncio.Event, init=False)  # on this connection
    heartbeat_s: float = field(default=0, init=False)  # known once registered
    unanswered: int = field(default=0, init=False)
    note: str | None = field(default=None, init=False)  # why it is not fit, for its heartbeats
    stock: Stock = field(init=False)
    logs: LogLines = field(init=False)
    _has_changed: bool = field(default=False, init=False)  # since it last introduced itself
    _left: Left = field(factory=Left, init=False)

    def __attrs_post_init__(self) -> None:
        self.stock = Stock(self.id, self._send)
        self.logs = LogLines(self.id, self._send)
        for lease, kept in self.ledger.load().items():
            if isinstance(kept, Entry):
                self._left.add(kept)
            else:
                self.outbox.keep(lease, kept)
        self.outbox.dropped = self.ledger.drop

    @property
    def leases(self) -> tuple[Lease, ...]:
        """The attempts this worker answers for: they run, or their reports are not acknowledged."""
        return self._left.leases + self._slots.leases + self.outbox.leases

    @property
    def status(self) -> str:
        """`idle`, `busy`, `paused`, `draining`, or what it says while it is unfit for work."""
        if self._slots.draining:
            return "draining"
        if self._slots.closed:
            return self._slots.closed
        if self._slots.paused:
            return "paused"
        return "busy" if self._slots.used else "idle"

    def register(self) -> None:
        """Introduce the worker on a new connection, where nothing is known of it yet."""
        self.registered.clear()
        self.unanswered = 0
        self._has_changed = False
        self._send(
            RegisterWorker(
                worker_id=self.id,
                capabilities=self.capability,
                slots=self._slots.total,
                running=self.leases,
                status=self.status,
            )
        )

    def change(self, capability: Capability) -> None:
        """The worker can do something else now, or takes work again, or none any more."""
        self.capability = capability
        self.introduce()

    def introduce(self) -> None:
        """Tell the hub anew what the worker is and does; what it has asked for is forgotten there."""
        self._has_changed = True
        if self.registered.is_set():
            self.register()

    def tell_status(self) -> None:
        """Tell the hub the status now, rather than with the next heartbeat."""
        self._say(WorkerStatus(worker_id=self.id, status=self.status))

    def beat(self, system_info: dict[str, Any]) -> None:
        """Send one heartbeat, which renews the worker's leases."""
        self.unanswered += 1
        self._say(
            WorkerHeartbeat(
                worker_id=self.id,
                status=self.status,
                load=self._slots.used / self._slots.total,
                system_info=system_info | ({"note": self.note} if self.note else {}),
                running=self.leases,
            )
        )

    def hear(self, message: ForWorker) -> None:
        """Act on what the hub said to this worker."""
        match message:
            case WorkerRegistered():
                self._welcomed(message)
            case WorkerHeartbeatAck():
                self.unanswered = 0
                self._give_up(message.lost)
            case JobAssigned():
                self._assigned(message)
            case JobCompletedAck() | JobFailedAck():
                self.outbox.acknowledge(message.job_id, message.attempt)
            case RequestLogs():
                self.logs.asked(message)
            case _:
                self._cancelled(message)

    def resume(self, served: Collection[str]) -> None:
        """Go on with what an earlier agent has left of these types of job, and give back the rest:
        there is nobody to ask for it.
        """
        for entry, is_ours in self._left.take():
            if entry.job.job_type in served:
                self._go_on(entry, is_ours=is_ours)
            elif is_ours:
                self._report(entry.job, final_report(entry.job, Released()))
            else:
                self.ledger.drop(entry.lease)

    def _go_on(self, entry: Entry, *, is_ours: bool) -> None:
        log.info("job %s attempt %d goes on", entry.job.job_id, entry.job.attempt)
        self.ledger.resume(entry)
        if is_ours:
            self._begin(entry.job)
        else:  # no inputs need be had for it
            self._begin(evolve(entry.job, params={}), stops_at_once=True)

    def _cancelled(self, message: CancelJob) -> None:
        self._give_up(each for each in self.leases if each.job_id == message.job_id)

    def _welcomed(self, message: WorkerRegistered) -> None:
        self._give_up(message.lost)
        self.heartbeat_s = message.heartbeat_s
        self.registered.set()
        if self._has_changed:
            self.register()
            return
        for report in self.outbox.reports:
            self._say(report)
        self.stock.open()
        if self._slots.free:
            self._say(ClaimJob(worker_id=self.id, slots=self._slots.free))

    def _assigned(self, job: JobAssigned) -> None:
        if not self._slots.free:
            log.warning("job %s is given back: no slot is free (%s)", job.job_id, self.status)
            self._report(job, final_report(job, Released()))
            return
        log.info("job %s attempt %d starts", job.job_id, job.attempt)
        self.ledger.take(job)
        self._begin(job)

    def _begin(self, job: JobAssigned, *, stops_at_once: bool = False) -> None:
        lease, feed = lease_of(job), ProgressFeed(job, self._say)

        def report(progress: Progress) -> None:
            if stops_at_once:  # its connector runs by now, and stops what the engine still does
                self._slots.abandon(lease)
            feed.report(progress)

        self._slots.take(lease, job, report, partial(self._ended, job, feed))

    def _ended(self, job: JobAssigned, feed: ProgressFeed, outcome: Outcome | Stopped) -> None:
        feed.close()
        if isinstance(outcome, Stopped):
            self.ledger.drop(lease_of(job))
            self._confirm(job, outcome)
        else:
            self._report(job, final_report(job, outcome))
        if self._slots.free:
            self._say(ClaimJob(worker_id=self.id))

    def _confirm(self, job: JobAssigned, end: Stopped) -> None:
        log.info(
            "job %s attempt %d has stopped%s",
            job.job_id,
            job.attempt,
            f", its engine has not: {end.error}" if end.error else "",
        )
        self._say(stopped_report(job, self.id, end))

    def _report(self, job: JobAssigned, report: FinalReport) -> None:
        log.info("job %s attempt %d: %s", job.job_id, job.attempt, report.type)
        self.outbox.keep(lease_of(job), report)
        self.ledger.end(lease_of(job), report)
        self._say(report)

    def _give_up(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            if not self._left.lose(lease):
                self._slots.abandon(lease)
                self.outbox.drop(lease)

    def _say(self, message: Message) -> None:
        # Before it has registered, a worker has said it all in `register` or will by its outbox.
        if self.registered.is_set():
            self._send(message)
