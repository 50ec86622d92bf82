"""The desk over HTTP: the same paths at the control socket and at the status page."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

from agent.desk.desk import Desk, DeskError
from agent.desk.facts import status
from agent.desk.http import Request, Response, json_response, problem
from agent.engines.log_ring import KEPT_LINES

_CANCEL = "/api/control/cancel-job/"


async def answer(desk: Desk, request: Request) -> Response:
    """Answer one request; whether it may ask is the door's business."""
    try:
        if request.path == "/api/logs" and request.method == "GET":
            return _logs(desk, request)
        found = _FOUND.get((request.method, request.path))
        if found is None and request.method == "POST" and request.path.startswith(_CANCEL):
            found = _cancel
        if found is None:
            return _not_found(request)
        return json_response(found(desk, request))
    except DeskError as error:
        return problem(error.status, str(error))


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


_FOUND: dict[tuple[str, str], Callable[[Desk, Request], Any]] = {
    ("GET", "/api/status"): lambda desk, _: status(desk),
    ("POST", "/api/control/pause"): _told(Desk.pause),
    ("POST", "/api/control/resume"): _told(Desk.resume),
    ("POST", "/api/control/drain"): _told(Desk.drain),
    ("POST", "/api/control/restart-engine"): _restart,
}
