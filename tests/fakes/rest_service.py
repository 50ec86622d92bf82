"""A service with a REST interface whose every answer the test decides."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from attrs import Factory, define, frozen
from litestar import Litestar, Request, Response, route

from tests.support.quiet import QuietServer
from tests.support.waiting import wait_until

Answering = Callable[[dict[str, Any]], "Answer"]


@frozen(kw_only=True)
class Answer:
    """One answer; `delay` holds it back until it is set."""

    status: int = 200
    body: Any = None
    content: bytes | None = None
    media_type: str = "application/json"
    headers: dict[str, str] = Factory(dict[str, str])
    delay: asyncio.Event | None = None
    cuts: bool = False  # the connection, before any of it


@define
class RestService:
    """Answers each path with its answers in order; the last one goes on."""

    answers: dict[str, list[Answer]] = Factory(lambda: {"/health": [Answer(body={})]})
    requests: list[dict[str, Any]] = Factory(list[dict[str, Any]])
    url: str = ""
    _server: QuietServer | None = None

    def on(self, path: str, *answers: Answer) -> None:
        """Answer a path so."""
        self.answers[path] = list(answers)

    def to(self, path: str) -> list[dict[str, Any]]:
        """The requests to a path."""
        return [request for request in self.requests if request["path"] == path]

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator["RestService"]:
        """Serve on a free port of loopback."""
        config = uvicorn.Config(self._app(), port=0, log_config=None, lifespan="off")
        self._server = QuietServer(config)
        serving = asyncio.create_task(self._server.serve())
        await wait_until(lambda: self._server is not None and self._server.started)
        address = self._server.servers[0].sockets[0].getsockname()
        self.url = f"http://127.0.0.1:{address[1]}"
        try:
            yield self
        finally:
            self._server.force_exit = self._server.should_exit = True
            await serving

    def _app(self) -> Litestar:
        methods: Any = ["GET", "POST", "PUT", "PATCH", "DELETE"]

        @route(["/", "/{path:path}"], http_method=methods)
        async def every(request: Request[Any, Any, Any]) -> Response[bytes]:
            return await self._answer(request)

        return Litestar([every], openapi_config=None, logging_config=None)

    async def _answer(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        body, path = await request.body(), request.scope["raw_path"].decode()
        self.requests.append(
            {
                "method": request.method,
                "path": path,
                "query": dict(request.query_params),
                "headers": dict(request.headers),
                "body": json.loads(body) if body else None,
            }
        )
        left = self.answers.get(path, [Answer(status=404, body="no such path")])
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer.delay is not None:
            await answer.delay.wait()
        if answer.cuts:
            self._hang_up()
        content = json.dumps(answer.body).encode() if answer.content is None else answer.content
        return Response(
            content,
            status_code=answer.status,
            media_type=answer.media_type,
            headers=answer.headers,
        )

    def _hang_up(self) -> None:
        assert self._server is not None
        for connection in list(self._server.server_state.connections):
            if transport := getattr(connection, "transport", None):
                transport.abort()
