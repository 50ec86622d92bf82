"""Results that cannot be handed over."""

from shared.messages import CompleteJob, FailJob, JobCompleted
from shared.states import ErrorClass


def too_large(report: CompleteJob | JobCompleted, largest: int, remedy: str = "") -> FailJob:
    """The failure that takes the place of a success whose result has more characters than `largest`."""
    return FailJob(
        job_id=report.job_id,
        worker_id=report.worker_id,
        error=f"the result is larger than {largest} characters{remedy}",
        retry=False,
        error_class=ErrorClass.VALIDATION,
        attempt=report.attempt,
        lease=report.lease,
    )
