"""Callbacks: the service posts a status here, to an address that only it was told.

A thread of the standard library's server is enough: what comes is small and rare.
"""

import asyncio
import json
import secrets
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field

from agent.connectors.answers import is_object

_MAX_BODY_BYTES = 16 * 2**20
_PATH = "/callbacks/"


@define
class Expected:
    """The callbacks of one job, sent to `url`."""

    url: str
    _statuses: asyncio.Queue[dict[str, Any]] = field(factory=asyncio.Queue, init=False)

    def put(self, status: dict[str, Any]) -> None:
        """Take a status in."""
        self._statuses.put_nowait(status)

    async def next(self, *, within_s: float) -> dict[str, Any] | None:
        """Return the next status; `None` if none comes in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                return await self._statuses.get()
        return None


class Callbacks:
    """Hears callbacks, at `base_url` as the service sees it."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._expected: dict[str, Expected] = {}
        self.port = 0

    @contextmanager
    def expected(self) -> Generator[Expected]:
        """Expect the callbacks of one job, under a name nobody can guess."""
        name = secrets.token_urlsafe(24)
        self._expected[name] = Expected(f"{self._base_url}{_PATH}{name}")
        try:
            yield self._expected[name]
        finally:
            del self._expected[name]

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncGenerator[None]:
        """Listen while the block runs."""
        server = _Server((host, port), _Request)
        server.callbacks, server.loop = self, asyncio.get_running_loop()
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, name="callbacks", daemon=True)
        thread.start()
        try:
            yield
        finally:
            await asyncio.to_thread(server.shutdown)
            server.server_close()

    def deliver(self, path: str, body: bytes) -> HTTPStatus:
        """Hand what was posted to the job it belongs to. Called in the loop's thread."""
        expected = self._expected.get(path.removeprefix(_PATH))
        if expected is None:
            return HTTPStatus.NOT_FOUND
        try:
            status: object = json.loads(body or b"{}")
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        expected.put(status if is_object(status) else {})  # anything else is a hint to ask
        return HTTPStatus.NO_CONTENT


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    callbacks: Callbacks
    loop: asyncio.AbstractEventLoop


class _Request(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - the one made above
    timeout = 10

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else 0
        if size > _MAX_BODY_BYTES:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        else:
            body = self.rfile.read(size)
            status = asyncio.run_coroutine_threadsafe(
                self._delivered(body), self.server.loop
            ).result()
        self.send_response(status)
        self.end_headers()

    async def _delivered(self, body: bytes) -> HTTPStatus:
        return self.server.callbacks.deliver(self.path, body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Log nothing: the path is a secret."""
