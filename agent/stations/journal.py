"""What a worker runs now and has run since the agent started, for whoever looks at the machine."""

import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum

from attrs import define, field, frozen

from agent.connectors.base import Preview, Progress, Report
from agent.inventory import GpuFault
from agent.runner import Outcome, Succeeded
from shared.jobs import Failure
from shared.messages import JobAssigned

KEPT = 200


class End(StrEnum):
    """How an attempt ended, as this machine saw it."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"  # on this machine
    STOPPED = "stopped"  # given back, or no longer ours


@define(eq=False)
class Entry:
    """An attempt that runs."""

    job: JobAssigned
    started_at: float = field(factory=time.time, init=False)
    progress: Progress = field(factory=lambda: Progress(percent=0), init=False)
    preview: Preview | None = field(default=None, init=False)  # the newest that there was
    pictures: int = field(default=0, init=False)  # how many there were
    outcome: Outcome | None = field(default=None, init=False)
    is_cancelled: bool = field(default=False, init=False)  # by somebody at this machine
    xids: list[int] = field(factory=list[int], init=False)  # what its GPU told of meanwhile

    def noting(self, report: Report) -> Report:
        """The same report, noted here too."""

        def note(progress: Progress) -> None:
            self.progress = progress
            if progress.preview is not None:
                self.preview = progress.preview
                self.pictures += 1
            report(progress)

        return note


@frozen
class Past:
    """An attempt that has ended. Times are seconds since the epoch."""

    job: JobAssigned
    started_at: float
    ended_at: float
    end: End
    failure: Failure | None


@define(eq=False)
class Journal:
    """The attempts of one worker: `current`, and the newest of those before, oldest first."""

    current: list[Entry] = field(factory=list[Entry], init=False)
    past: deque[Past] = field(factory=lambda: deque[Past](maxlen=KEPT), init=False)
    counts: dict[End, int] = field(factory=lambda: dict.fromkeys(End, 0), init=False)
    busy_s: float = field(default=0, init=False)  # over all attempts that completed

    @contextmanager
    def entry(self, job: JobAssigned) -> Generator[Entry]:
        """An attempt from its start to its end; `outcome` stays None if it is stopped."""
        entry = Entry(job)
        self.current.append(entry)
        try:
            yield entry
        finally:
            self.current.remove(entry)
            self._close(entry)

    def fault(self, fault: GpuFault) -> None:
        """The GPU has a fault, which every attempt that runs may be the cause or the victim of."""
        if fault.xid is not None:
            for entry in self.current:
                entry.xids.append(fault.xid)

    def _close(self, entry: Entry) -> None:
        failure = entry.outcome if isinstance(entry.outcome, Failure) else None
        past = Past(entry.job, entry.started_at, time.time(), _end(entry), failure)
        self.past.append(past)
        self.counts[past.end] += 1
        if past.end is End.COMPLETED:
            self.busy_s += past.ended_at - past.started_at


def _end(entry: Entry) -> End:
    if isinstance(entry.outcome, Succeeded):
        return End.COMPLETED
    if entry.is_cancelled:
        return End.CANCELLED
    return End.FAILED if isinstance(entry.outcome, Failure) else End.STOPPED
