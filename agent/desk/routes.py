"""The desk over HTTP: the same paths at the control socket and at the status page."""

from collections.abc import AsyncGenerator, Callable
from inspect import isawaitable
from typing import Any

from agent.desk.desk import Desk, DeskError
from agent.desk.facts import status
from agent.desk.http import Request, Response, json_response, problem
from agent.desk.machine import capabilities, connectors, system
from agent.desk.work import current, history, preview, stats
from agent.engines.log_ring import KEPT_LINES

_CANCEL = "/api/control/cancel-job/"
_RUNNING, _PREVIEW = "/api/jobs/current/", "/preview"
_PICTURES = {"image/png", "image/jpeg", "image/webp", "image/gif"}


Found = Callable[[Desk, Request], Any]
"""Makes an answer: a `Response` or JSON values, or something to await for one."""


async def answer(desk: Desk, request: Request) -> Response:
    """Answer one request; whether it may ask is the door's business."""
    try:
        found = _route(request)
        if found is None:
            return _not_found(request)
        value = found(desk, request)
        if isawaitable(value):
            value = await value
        return value if isinstance(value, Response) else json_response(value)
    except DeskError as error:
        return problem(error.status, str(error))


def _route(request: Request) -> Found | None:
    method, path = request.method, request.path
    if method == "POST" and path.startswith(_CANCEL):
        return _cancel
    if method == "GET" and path.startswith(_RUNNING) and path.endswith(_PREVIEW):
        return _preview
    return _FOUND.get((method, path))


def _not_found(request: Request) -> Response:
    methods = {method for method, path in _FOUND if path == request.path}
    if methods:
        return problem(405, f"{request.path}: only {', '.join(sorted(methods))} is answered here")
    return problem(404, f"there is nothing at {request.path}")


def _logs(desk: Desk, request: Request) -> Response:
    number = _number(request, "engine")
    count = min(_number(request, "lines") or KEPT_LINES, KEPT_LINES)
    if request.query.get("follow") == "true":
        lines = desk.followed(number, count)
        return Response(content_type="text/plain; charset=utf-8", stream=_encoded(lines))
    text = "".join(f"{line}\n" for line in desk.log_lines(number, count))
    return Response(content_type="text/plain; charset=utf-8", content=text.encode())


async def _encoded(lines: AsyncGenerator[str]) -> AsyncGenerator[bytes]:
    async for line in lines:
        yield f"{line}\n".encode()


def _preview(desk: Desk, request: Request) -> Response:
    picture = preview(desk, request.path.removeprefix(_RUNNING).removesuffix(_PREVIEW))
    # A connector of one's own may name any type, which a browser might run.
    kind = picture.mime_type if picture.mime_type in _PICTURES else "application/octet-stream"
    return Response(content_type=kind, content=picture.content)


def _cancel(desk: Desk, request: Request) -> dict[str, Any]:
    job_id = request.path.removeprefix(_CANCEL)
    desk.cancel(job_id)
    return {"job_id": job_id, "status": "cancelled"}


def _restart(desk: Desk, request: Request) -> dict[str, Any]:
    is_now = request.query.get("now") == "true"
    return {"engines": desk.restart_engine(_number(request, "engine"), now=is_now)}


def _told(tell: Callable[[Desk], None]) -> Callable[[Desk, Request], dict[str, Any]]:
    def told(desk: Desk, _: Request) -> dict[str, Any]:
        tell(desk)
        return status(desk)

    return told


def _number(request: Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise DeskError(f"{name}: a whole number is needed, not {text!r}", 400)
    return int(text)


_FOUND: dict[tuple[str, str], Found] = {
    ("GET", "/api/status"): lambda desk, _: status(desk),
    ("GET", "/api/capabilities"): lambda desk, _: capabilities(desk),
    ("GET", "/api/jobs/current"): lambda desk, _: current(desk),
    ("GET", "/api/jobs/history"): lambda desk, request: history(desk, request.query),
    ("GET", "/api/stats"): lambda desk, _: stats(desk),
    ("GET", "/api/connectors"): lambda desk, _: connectors(desk),
    ("GET", "/api/system"): lambda desk, _: system(desk),
    ("GET", "/api/logs"): _logs,
    ("POST", "/api/control/pause"): _told(Desk.pause),
    ("POST", "/api/control/resume"): _told(Desk.resume),
    ("POST", "/api/control/drain"): _told(Desk.drain),
    ("POST", "/api/control/restart-engine"): _restart,
}
