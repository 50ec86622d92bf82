"""One attempt, from the assignment to its outcome: deadline, connector, upload, failure."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from attrs import evolve, field, frozen

from agent.connectors.base import Connector, ConnectorError, Note, Progress, Report, Work
from agent.handover import Handover, Upload, handover
from agent.inputs import Download, inputs_of
from shared.jobs import Failure
from shared.messages import JobAssigned
from shared.states import ErrorClass, Reason
from shared.wire import dump_json

log = logging.getLogger(__name__)


@frozen
class Succeeded:
    """The attempt ended well: `result` is what the job's owner gets, as JSON values."""

    result: dict[str, Any]


@frozen
class Released:
    """The attempt was stopped before its end, through no fault of the job; `error` says whose.
    `partial` tells of the files that it had put out, as a result would.
    """

    reason: Reason = Reason.DRAINED
    partial: tuple[dict[str, Any], ...] = ()
    error: str | None = None


Outcome = Succeeded | Failure | Released


def _nowhere(_: object) -> None:
    pass


@frozen(kw_only=True)
class Keeping:
    """How an attempt is kept beyond the end of this process: its connector's notes, its outcome."""

    notes: dict[str, Any] = field(factory=dict[str, Any])  # of an earlier process
    note: Note = _nowhere
    end: Callable[[Outcome], None] = _nowhere


@frozen
class Runner:
    """Runs attempts on the connectors of this machine, `serving` by job type."""

    _serving: Mapping[str, Connector]
    _upload: Upload
    _download: Download

    async def run(
        self, job: JobAssigned, report: Report, keeping: Keeping | None = None
    ) -> Outcome:
        """Run one attempt, for `timeout_s` at most.

        Cancelled, it raises `CancelledError`, or is `Released` with what there is of it. A failure
        tells it in `details`, as `partial`.
        """
        keeping = keeping or Keeping()
        with ExitStack() as afterwards:
            async with handover(self._upload) as files:
                work = Work(
                    job_id=job.job_id, attempt=job.attempt, type=job.job_type, payload=job.params,
                    hand_in=files.take, notes=keeping.notes, note=keeping.note,
                    afterwards=afterwards.callback,
                )  # fmt: skip
                outcome = await self._outcome(job, work, report, files)
            keeping.end(outcome)
        return outcome

    async def _outcome(
        self, job: JobAssigned, work: Work, report: Report, files: Handover
    ) -> Outcome:
        deadline = asyncio.timeout(job.timeout_s)
        try:
            async with deadline:
                return Succeeded(await self._result(work, report, files))
        except asyncio.CancelledError:
            if left := await files.left():
                return Released(partial=tuple(left))
            raise
        except Exception as problem:  # noqa: BLE001 - whatever breaks ends this attempt alone
            failure = _timeout(job) if deadline.expired() else _failure(job, problem)
            return with_partial(failure, await files.left())

    async def _result(self, work: Work, report: Report, files: Handover) -> dict[str, Any]:
        connector = self._connector(work.type)
        report(Progress(percent=0))
        async with inputs_of(work.payload, self._download) as inputs:
            result = await connector.run(evolve(work, inputs=inputs), report)
        for file in result.files:
            files.take(file)
        # What is not JSON must fail this attempt, not the connection that would carry it.
        dump_json(result.data)
        if not result.files:
            return result.data
        return {**result.data, "files": await files.told(result.files)}

    def _connector(self, job_type: str) -> Connector:
        if job_type not in self._serving:
            raise ConnectorError(
                f"job_type {job_type!r} is not served here; "
                f"this worker serves {', '.join(sorted(self._serving))}",
                error_class=ErrorClass.VALIDATION,
            )
        return self._serving[job_type]


def with_partial(failure: Failure, partial: Sequence[dict[str, Any]]) -> Failure:
    """The failure, telling of the files that the attempt had put out before it."""
    if not partial:
        return failure
    return evolve(failure, details={**failure.details, "partial": list(partial)})


def _timeout(job: JobAssigned) -> Failure:
    return Failure(
        error=f"timeout: not finished after {job.timeout_s:g} s", error_class=ErrorClass.TIMEOUT
    )


def _failure(job: JobAssigned, problem: Exception) -> Failure:
    if isinstance(problem, ConnectorError):
        return Failure(
            error=problem.message,
            error_class=problem.error_class,
            retryable=problem.error_class.is_retryable,
            details=problem.details,
        )
    log.error("job %s attempt %d broke", job.job_id, job.attempt, exc_info=problem)
    return Failure(error=f"{type(problem).__name__}: {problem}")
