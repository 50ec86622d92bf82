"""The reports that end an attempt."""

from typing import TypedDict

from agent.link.outbox import FinalReport
from agent.runner import Outcome, Released, Succeeded
from shared.jobs import Failure, Lease
from shared.messages import CompleteJob, FailJob, JobAssigned, ReleaseJob


class _Fence(TypedDict):
    """What every final report says of its attempt."""

    job_id: str
    worker_id: str
    attempt: int
    lease: str


def lease_of(job: JobAssigned) -> Lease:
    """The lease that came with an assignment."""
    return Lease(job.job_id, job.attempt, job.lease)


def final_report(job: JobAssigned, outcome: Outcome) -> FinalReport:
    """What to tell the hub of an outcome."""
    fence = _Fence(job_id=job.job_id, worker_id=job.worker_id, attempt=job.attempt, lease=job.lease)
    match outcome:
        case Succeeded():
            return CompleteJob(**fence, result=outcome.result)
        case Failure():
            return FailJob(
                **fence,
                error=outcome.error,
                retry=outcome.retryable,
                error_class=outcome.error_class,
                details=outcome.details,
            )
        case Released():
            return ReleaseJob(**fence, reason=outcome.reason)
