"""A job's events as they happen, by Server-Sent Events."""

from collections.abc import AsyncGenerator
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, HeaderParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from hub.api.guards import clients
from hub.parts import Parts
from hub.store.news import ENTRY_ID, Event
from shared.fields import FieldError
from shared.wire import dump_json


@get("/jobs/{job_id:str}/events", before_request=clients, summary="A job's events", tags=["jobs"])
async def follow_job(
    job_id: FromPath[str],
    parts: NamedDependency[Parts],
    last_event_id: Annotated[str, HeaderParameter(name="Last-Event-ID")] = "0",
) -> ServerSentEvent:
    """Everything that has happened and will, until the job ends. Resumes behind Last-Event-ID.

    A hub that stops ends the stream before: resume it there or at another hub.
    """
    if not ENTRY_ID.fullmatch(last_event_id):
        raise FieldError("Last-Event-ID", "not an id of this stream", "the id of an event, or 0")
    if await parts.views.job(job_id) is None:
        raise NotFoundException("Job not found")
    return ServerSentEvent(parts.waits.until_stop(_messages(parts, job_id, last_event_id)))


async def _messages(
    parts: Parts, job_id: str, after: str
) -> AsyncGenerator[ServerSentEventMessage]:
    async for event in parts.news.follow(job_id, after):
        if event is None:  # keeps proxies from closing, and finds out that nobody reads
            yield ServerSentEventMessage(data=None, comment="nothing new")
        else:
            yield ServerSentEventMessage(id=event.id, event=event.event, data=_data(event))


def _data(event: Event) -> str:
    return dump_json(
        {
            "job_id": event.job_id,
            "status": event.status,
            "attempt": event.attempt,
            "worker_id": event.worker_id,
            "progress": event.progress,
            "message": event.message,
            "details": event.details,
            "at": event.at,
        }
    )
