"""What ends an attempt, as the hub is told."""

from typing import TypedDict

from agent.link.outbox import FinalReport
from agent.runner import Outcome, Released, Succeeded
from agent.slots import Stopped
from shared.jobs import Failure, Lease
from shared.messages import CompleteJob, FailJob, JobAssigned, JobCancelled, ReleaseJob


class _Fence(TypedDict):
    """What every final report says of its attempt."""

    job_id: str
    worker_id: str
    attempt: int
    lease: str


def lease_of(job: JobAssigned) -> Lease:
    """The right to report on an attempt."""
    return Lease(job.job_id, job.attempt, job.lease)


def final_report(job: JobAssigned, outcome: Outcome) -> FinalReport:
    """What the hub is told of how an attempt ended."""
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
            return ReleaseJob(**fence, reason=outcome.reason, error=outcome.error)


def stopped_report(job: JobAssigned, worker_id: str, end: Stopped) -> JobCancelled:
    """What the hub is told when an attempt that is no longer ours has stopped, or could not."""
    return JobCancelled(
        job_id=job.job_id,
        worker_id=worker_id,
        attempt=job.attempt,
        lease=job.lease,
        stopped=end.error is None,
        message=end.error or "",
        partial=end.partial or None,
    )
