"""Which attempts run on a worker, and how much room is left."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any

from attrs import define, field, frozen

from agent.connectors.base import Report
from agent.runner import Outcome, Released, with_partial
from shared.jobs import Failure, Lease
from shared.messages import JobAssigned
from shared.states import Reason

Run = Callable[[JobAssigned, Report], Awaitable[Outcome]]


@frozen
class Stopped:
    """An attempt that was no longer ours has stopped; `error` says that the engine did not.

    `partial` tells of the files that it had put out, as a result would.
    """

    error: str | None = None
    partial: tuple[dict[str, Any], ...] = ()


Ended = Callable[[Outcome | Stopped], None]
"""Called when an attempt has really ended."""


@define
class _Attempt:
    task: asyncio.Task[Outcome]
    abandoned: bool = False
    verdict: Outcome = field(factory=Released)  # what is reported of it if it is stopped

    def stop(self) -> None:
        """Cancel once: a second time would break into the connector's cleaning up."""
        if not self.task.cancelling():
            self.task.cancel()


@define
class Slots:
    """The room on one worker. The attempts are tasks of the group `_tasks`."""

    total: int
    _run: Run
    _tasks: asyncio.TaskGroup
    _held: dict[Lease, _Attempt] = field(factory=dict, init=False)
    draining: bool = field(default=False, init=False)
    paused: bool = field(default=False, init=False)
    closed: str | None = field(default=None, init=False)  # the worker's status while it is unfit

    @property
    def free(self) -> int:
        """How many more attempts may start now."""
        takes_none = self.draining or self.paused or self.closed
        # An earlier agent, with more slots, may have left more than there is room for.
        return 0 if takes_none else max(0, self.total - len(self._held))

    @property
    def used(self) -> int:
        """How many attempts have not stopped yet, abandoned ones included."""
        return len(self._held)

    @property
    def leases(self) -> tuple[Lease, ...]:
        """The attempts that run and are still ours."""
        return tuple(lease for lease, attempt in self._held.items() if not attempt.abandoned)

    def take(self, lease: Lease, job: JobAssigned, report: Report, ended: Ended) -> None:
        """Start an attempt in a free slot; `ended` is called once, after the slot is free again."""
        task = self._tasks.create_task(self._outcome(job, report))
        self._held[lease] = _Attempt(task)
        task.add_done_callback(partial(self._free, lease, ended))

    async def _outcome(self, job: JobAssigned, report: Report) -> Outcome:
        return await self._run(job, report)

    def abandon(self, lease: Lease) -> None:
        """Stop an attempt that is no longer ours, if it runs. Its end is `Stopped`, whatever it is."""
        if attempt := self._held.get(lease):
            attempt.abandoned = True
            attempt.stop()

    def drain(self) -> None:
        """Take nothing new from now on."""
        self.draining = True

    def close(self, status: str) -> None:
        """Take nothing new until opened again; `status` is what the worker says meanwhile."""
        self.closed = status

    def open(self) -> None:
        """There is room again."""
        self.closed = None

    def release(
        self,
        reason: Reason = Reason.DRAINED,
        error: str | None = None,
        kept: Collection[Lease] = (),
    ) -> None:
        """Stop every attempt but some, to give it back for this reason; `error` says what went wrong."""
        for lease, attempt in self._held.items():
            if lease not in kept:
                attempt.verdict = Released(reason, error=error)
                attempt.stop()

    def cancel(self, job_id: str, verdict: Failure) -> bool:
        """Stop the attempt of a job, and report this of it; False if none of ours runs."""
        for lease, attempt in self._held.items():
            if lease.job_id == job_id and not attempt.abandoned:
                attempt.verdict = verdict
                attempt.stop()
                return True
        return False

    async def idle(self, kept: Collection[Lease] = ()) -> None:
        """Wait until the attempts that run now have stopped, but some."""
        running = [attempt.task for lease, attempt in self._held.items() if lease not in kept]
        if running:
            await asyncio.wait(running)

    def _free(self, lease: Lease, ended: Ended, task: asyncio.Task[Outcome]) -> None:
        attempt = self._held.pop(lease)
        outcome = attempt.verdict if task.cancelled() else task.result()
        problem = outcome.error if isinstance(outcome, Failure) else None
        left = _left(outcome)
        if attempt.abandoned:
            ended(Stopped(problem, left))
        elif isinstance(outcome, Released) or (problem is not None and task.cancelling()):
            # It was to stop, whether it could at once or not.
            ended(_telling(attempt.verdict, left))
        else:
            ended(outcome)


def _left(outcome: Outcome) -> tuple[dict[str, Any], ...]:
    """The files that an attempt had put out which did not succeed."""
    if isinstance(outcome, Failure):
        return tuple(outcome.details.get("partial", ()))
    return outcome.partial if isinstance(outcome, Released) else ()


def _telling(verdict: Outcome, left: tuple[dict[str, Any], ...]) -> Outcome:
    return with_partial(verdict, left) if isinstance(verdict, Failure) else verdict
