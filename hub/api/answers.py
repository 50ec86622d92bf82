"""Answers as JSON, whole: for each, Litestar would look for headers, cookies and tasks of its own."""

from typing import Any

from litestar import Litestar, Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from hub.documents import encoded

JSON = b"application/json"


class JsonAnswer(Response[Any]):
    """A document as JSON. It has no headers of its own."""

    def to_asgi_response(
        self, app: Litestar | None, request: Request[Any, Any, Any], **said: Any
    ) -> ASGIResponse:
        """The answer, to be sent."""
        content: Any = self.content
        if isinstance(content, dict):
            return _Whole(self.status_code or said["status_code"], encoded(content))
        return super().to_asgi_response(app, request, **said)  # pyright: ignore[reportUnknownMemberType] - half typed


class _Whole(ASGIResponse):
    def __init__(self, status: int, body: bytes) -> None:
        self.status_code, self.body = status, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        for message in messages(self.status_code, self.body):
            await send(message)


def messages(
    status: int, body: bytes, content_type: bytes = JSON, *more: tuple[bytes, bytes]
) -> tuple[Any, Any]:
    """What ASGI is sent of an answer, with `more` headers."""
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *more]
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body, "more_body": False},
    )
