"""What a worker's engines write, over REST: the last lines, or all from there on as they come."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from hub.api.guards import clients
from hub.api.workers import known
from hub.parts import Parts
from hub.sessions.logs import MARK, NoLogsError, Told
from shared.fields import FieldError
from shared.wire import dump_json


@get(
    "/workers/{worker_id:str}/logs",
    before_request=clients,
    summary="What a worker's engines write",
    tags=["workers"],
)
async def get_worker_logs(
    worker_id: FromPath[str],
    parts: NamedDependency[Parts],
    lines: Annotated[int, QueryParameter(ge=1, le=500, description="how many at most")] = 100,
    follow: Annotated[bool, QueryParameter(description="as Server-Sent Events")] = False,  # noqa: FBT002 - from the query
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> Response[Any]:
    """The newest lines, oldest first, asked of the worker now; at most 64 Ki characters of them.

    With `follow=true` these and every later one, as events `lines` with `lines` and `skipped`: how
    many lines before them are not told because they came faster than they were read, null if that is
    not known. When the worker goes offline, the event `offline` says so and is the last; a hub that
    stops ends the stream without it. Resumes behind Last-Event-ID. 409 while the worker is offline,
    504 when it does not answer.
    """
    if last_event_id is not None and not MARK.fullmatch(last_event_id):
        raise FieldError("Last-Event-ID", "not an id of this stream", "the id of an event")
    if (await known(parts, worker_id)).gone_at is not None:
        raise HTTPException("The worker is offline: its logs are on its machine", status_code=409)
    try:
        found = await parts.counter.logs.ask(worker_id, lines, last_event_id if follow else None)
    except NoLogsError as problem:
        raise HTTPException(str(problem), status_code=504) from problem
    if not follow:
        return Response({"worker_id": worker_id, "lines": found.lines})
    if found.mark is None:
        raise HTTPException(
            "This worker can tell its last lines only: bring its agent up to date", status_code=504
        )
    return ServerSentEvent(parts.waits.until_stop(_messages(parts, worker_id, found, found.mark)))


async def _messages(
    parts: Parts, worker_id: str, first: Told, mark: str
) -> AsyncGenerator[ServerSentEventMessage]:
    yield _lines(worker_id, first)
    async for told in parts.counter.logs.follow(worker_id, mark):
        if told is None:  # keeps proxies from closing, and finds out that nobody reads
            yield ServerSentEventMessage(data=None, comment="nothing new")
        else:
            yield _lines(worker_id, told)
    why = "The worker is offline: its logs are on its machine"
    yield ServerSentEventMessage(
        event="offline", data=dump_json({"worker_id": worker_id, "message": why})
    )


def _lines(worker_id: str, told: Told) -> ServerSentEventMessage:
    data = {"worker_id": worker_id, "lines": told.lines, "skipped": told.skipped}
    return ServerSentEventMessage(id=told.mark, event="lines", data=dump_json(data))
