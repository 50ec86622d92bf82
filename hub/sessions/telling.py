"""How a job's changes are put into messages."""

from hub.store.glances import Glance
from shared.messages import (
    CompleteJob,
    FailJob,
    JobCancelled,
    JobCompleted,
    JobUpdate,
    Message,
    NotificationFilters,
    ResponseJobStatus,
    UpdateJobProgress,
)
from shared.states import JobState


def followed(glance: Glance) -> Message:
    """What who follows this one job is told."""
    match glance.status:
        case JobState.IN_PROGRESS:
            return UpdateJobProgress(
                job_id=glance.job_id,
                worker_id=glance.worker_id or "",
                progress=glance.progress,
                message=glance.message,
                attempt=glance.attempt,
            )
        case JobState.COMPLETED:
            return CompleteJob(
                job_id=glance.job_id,
                worker_id=glance.worker_id,
                status=glance.status,
                priority=glance.priority,
                result=glance.result,
                attempt=glance.attempt,
            )
        case JobState.FAILED:
            return FailJob(
                job_id=glance.job_id,
                worker_id=glance.worker_id,
                error=glance.error or "",
                retry=False,
                attempt=glance.attempt,
            )
        case JobState.CANCELLED:
            return JobCancelled(job_id=glance.job_id, cancelled_at=glance.finished_at)
        case _:
            return updated(glance)


def notified(glance: Glance) -> Message:
    """What who follows all jobs is told."""
    if not glance.status.is_terminal:
        return updated(glance)
    return JobCompleted(
        job_id=glance.job_id,
        worker_id=glance.worker_id,
        status=glance.status,
        priority=glance.priority,
        attempt=glance.attempt,
    )


def updated(glance: Glance) -> JobUpdate:
    """How a job is that has not ended."""
    return JobUpdate(
        job_id=glance.job_id,
        status=glance.status,
        priority=glance.priority,
        progress=glance.progress,
        message=glance.message,
        job_type=glance.type,
        customer_id=glance.customer_id,
        worker_id=glance.worker_id,
    )


def status_of(glance: Glance, position: int | None) -> ResponseJobStatus:
    """The answer to `request_job_status`."""
    return ResponseJobStatus(
        job_id=glance.job_id,
        status=glance.status,
        progress=glance.progress,
        worker_id=glance.worker_id,
        started_at=glance.started_at,
        completed_at=glance.finished_at,
        result=glance.result,
        message=glance.error or glance.message,
        position=position,
    )


def passes(filters: NotificationFilters, glance: Glance) -> bool:
    """Whether the filters let a job through."""
    return (
        filters.customer_id in (None, glance.customer_id)
        and (not filters.job_types or glance.type in filters.job_types)
        and (filters.priority_min is None or glance.priority >= filters.priority_min)
        and (not filters.status or glance.status in filters.status)
    )
