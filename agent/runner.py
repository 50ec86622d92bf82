"""One attempt, from the assignment to its outcome: deadline, connector, upload, failure."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import frozen

from agent.connectors.base import (
    Connector,
    ConnectorError,
    OutputFile,
    Progress,
    Report,
    Result,
    Work,
)
from agent.inputs import Download, inputs_of
from shared.jobs import Failure
from shared.messages import JobAssigned
from shared.states import ErrorClass, Reason
from shared.wire import dump_json

log = logging.getLogger(__name__)

Upload = Callable[[OutputFile], Awaitable[dict[str, Any]]]
"""Hands a file to the hub and returns what the result says of it; raises `ConnectorError`."""


@frozen
class Succeeded:
    """The attempt ended well: `result` is what the job's owner gets, as JSON values."""

    result: dict[str, Any]


@frozen
class Released:
    """The attempt was stopped before its end, through no fault of the job."""

    reason: Reason = Reason.DRAINED


Outcome = Succeeded | Failure | Released


@frozen
class Runner:
    """Runs attempts on the connectors of this machine, `serving` by job type."""

    _serving: Mapping[str, Connector]
    _upload: Upload
    _download: Download

    async def run(self, job: JobAssigned, report: Report) -> Outcome:
        """Run one attempt, for `timeout_s` at most. Raises nothing but `CancelledError`."""
        deadline = asyncio.timeout(job.timeout_s)
        try:
            async with deadline:
                return Succeeded(await self._result(job, report))
        except Exception as problem:  # noqa: BLE001 - whatever breaks ends this attempt alone
            return _timeout(job) if deadline.expired() else _failure(job, problem)

    async def _result(self, job: JobAssigned, report: Report) -> dict[str, Any]:
        connector = self._connector(job.job_type)
        report(Progress(percent=0))
        async with inputs_of(job.params, self._download) as inputs:
            work = Work(
                job_id=job.job_id, attempt=job.attempt, type=job.job_type,
                payload=job.params, inputs=inputs,
            )  # fmt: skip
            result = await connector.run(work, report)
        try:
            # What is not JSON must fail this attempt, not the connection that would carry it.
            dump_json(result.data)
            return await self._handed_in(result)
        finally:
            result.discard()

    def _connector(self, job_type: str) -> Connector:
        if job_type not in self._serving:
            raise ConnectorError(
                f"job_type {job_type!r} is not served here; "
                f"this worker serves {', '.join(sorted(self._serving))}",
                error_class=ErrorClass.VALIDATION,
            )
        return self._serving[job_type]

    async def _handed_in(self, result: Result) -> dict[str, Any]:
        if not result.files:
            return result.data
        return {**result.data, "files": [await self._upload(file) for file in result.files]}


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
