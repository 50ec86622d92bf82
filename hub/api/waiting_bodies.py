"""What `POST /api/jobs` takes: a job, and whether to wait for its end."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from hub.api.bodies import JobBody, Name, Priority, RequirementsBody
from shared.fields import FieldError
from shared.jobs import JobSpec

LONGEST_S = 3600

JobId = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9._-]{1,128}$",
        description="an id of one's own; the same job sent again under it is not another one",
    ),
]
Seconds = Annotated[
    float, Meta(gt=0, le=LONGEST_S, description="how long to wait; then the job goes on without")
]


class WaitingJobBody(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A job as programs of the original send it."""

    job_type: Annotated[Name | None, Meta(description="the service that runs it")] = None
    type: Annotated[Name | None, Meta(description="the same as job_type")] = None
    payload: Annotated[dict[str, Any], Meta(description="what the service is given, untouched")]
    priority: Priority | None = None
    job_id: JobId | None = None
    wait: Annotated[bool, Meta(description="answer when the job has ended")] = False
    timeout: Seconds = 300
    requirements: RequirementsBody = RequirementsBody()
    customer_id: Name | None = None
    max_retries: Annotated[int, Meta(ge=0, le=100)] = 3
    timeout_minutes: Annotated[float, Meta(gt=0, le=10_080)] | None = None

    def spec(self, default_priority: int, job_id: str | None) -> JobSpec:
        """The job as the store takes it; `job_id` if it states none. Raises `FieldError`."""
        type_ = self.job_type or self.type
        if type_ is None or (self.job_type and self.type and self.job_type != self.type):
            problem = "is missing" if type_ is None else "is not what type says"
            raise FieldError("job_type", problem, "the service that runs the job")
        body = JobBody(
            type=type_,
            payload=self.payload,
            priority=self.priority,
            requirements=self.requirements,
            customer_id=self.customer_id,
            max_retries=self.max_retries,
            timeout_minutes=self.timeout_minutes,
        )
        return body.spec(default_priority, self.job_id or job_id)
