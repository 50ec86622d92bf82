"""Jobs that come in by WebSocket, under the rules of those that come by REST."""

from attrs import asdict, frozen
from msgspec import ValidationError, convert

from hub.api.bodies import JobBody
from hub.artifacts.intake import Intake
from hub.dispatcher import Dispatcher
from hub.store.jobs import Submitted
from hub.store.views import Views
from shared.jobs import another_go
from shared.messages import SubmitJob
from shared.states import JobState


@frozen
class Submission:
    """Accepts jobs. Raises `ValueError` with the field at fault."""

    views: Views
    dispatcher: Dispatcher
    intake: Intake
    default_priority: int

    async def submit(self, message: SubmitJob) -> Submitted:
        """A job as a client asks for it."""
        said = asdict(message, recurse=False)
        del said["envelope"]
        document = {name: value for name, value in said.items() if value is not None}
        document["type"] = document.pop("job_type")
        try:
            body = convert(document, JobBody)
        except ValidationError as problem:
            raise ValueError(f"submit_job: {problem}") from None
        spec = await self.intake.given(body.spec(self.default_priority))
        return await self.dispatcher.submit(spec)

    async def retry(self, job_id: str) -> Submitted:
        """A failed or cancelled job once more, as a new one."""
        job = await self.views.job(job_id)
        if job is None:
            raise ValueError(f"job_id: there is no job {job_id}")
        if job.status not in (JobState.FAILED, JobState.CANCELLED):
            raise ValueError(
                f"job_id: {job_id} is {job.status}; only what has failed can be retried"
            )
        again = await self.intake.given(another_go(job, is_again=True))
        return await self.dispatcher.submit(again)
