"""A small HTTP/1.1 server: one request on each connection, by h11 over asyncio's streams."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h11
from attrs import field, frozen

from shared.wire import dump_json

log = logging.getLogger(__name__)

REQUEST_S = 10.0
"""How long a client may take to say what it wants."""
_MOST_BYTES = 16 * 1024  # of a head, and of a body, which nobody here reads
_CHUNK_BYTES = 4 * 1024


@frozen
class Request:
    """What is asked for. Names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@frozen(kw_only=True)
class Response:
    """An answer: `content`, or `stream` for as long as it and the client last."""

    status: int = 200
    content: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(factory=dict[str, str])
    stream: AsyncGenerator[bytes] | None = None


Answer = Callable[[Request], Awaitable[Response]]


def json_response(value: Any, status: int = 200) -> Response:
    """An answer of JSON values."""
    return Response(status=status, content=dump_json(value).encode())


def problem(status: int, message: str) -> Response:
    """An answer that says what is wrong."""
    return json_response({"error": message}, status)


@asynccontextmanager
async def serving(answer: Answer, line: socket.socket) -> AsyncGenerator[None]:
    """Answer on a bound socket; whoever is still there at the end is cut off."""
    talks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(_Talk(reader, writer, answer).run())
        talks.add(talk)
        talk.add_done_callback(talks.discard)

    listening = asyncio.start_unix_server if line.family == socket.AF_UNIX else asyncio.start_server
    server = await listening(accept, sock=line)
    try:
        yield
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@frozen
class _Talk:
    """One connection."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _answer: Answer
    _http: h11.Connection = field(
        factory=lambda: h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_BYTES)
    )

    async def run(self) -> None:
        try:
            with suppress(OSError, TimeoutError):  # the client has gone, or says nothing
                await self._say(await self._answered())
        finally:
            self._writer.close()

    async def _answered(self) -> Response:
        try:
            async with asyncio.timeout(REQUEST_S):
                request = await self._request()
        except h11.RemoteProtocolError as error:
            return problem(error.error_status_hint, str(error))
        try:
            return await self._answer(request)
        except Exception:
            log.exception("%s %s broke", request.method, request.path)
            return problem(500, "the agent could not answer: its log says why")

    async def _request(self) -> Request:
        head, size = None, 0
        while not isinstance(event := self._http.next_event(), h11.EndOfMessage):
            match event:
                case h11.NEED_DATA:
                    self._http.receive_data(await self._reader.read(_CHUNK_BYTES))
                case h11.Request():
                    head = event
                case h11.Data():
                    size += len(event.data)
                case _:  # gone before it has said anything
                    raise ConnectionResetError
            if size > _MOST_BYTES:
                raise h11.RemoteProtocolError("the body is too long", 413)
        return _request(head)

    async def _say(self, response: Response) -> None:
        headers = {
            "content-type": response.content_type,
            "connection": "close",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        if response.stream is None:
            headers["content-length"] = str(len(response.content))
        await self._send(
            h11.Response(
                status_code=response.status,
                reason=HTTPStatus(response.status).phrase,
                headers=list((headers | dict(response.headers)).items()),
            )
        )
        if response.stream is None:
            await self._send(h11.Data(response.content))
        else:
            await self._relay(response.stream)
        await self._send(h11.EndOfMessage())

    async def _relay(self, stream: AsyncGenerator[bytes]) -> None:
        """Send what comes for as long as somebody listens."""
        sending = asyncio.create_task(self._pass_on(stream))
        gone = asyncio.create_task(self._reader.read(1))
        try:
            await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            gone.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)

    async def _pass_on(self, stream: AsyncGenerator[bytes]) -> None:
        async for chunk in stream:
            await self._send(h11.Data(chunk))

    async def _send(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> None:
        if content := self._http.send(event):
            self._writer.write(content)
            await self._writer.drain()


def _request(head: h11.Request | None) -> Request:
    if head is None:
        raise ConnectionResetError
    target = urlsplit(head.target.decode("ascii", "replace"))
    return Request(
        method=head.method.decode("ascii"),
        path=target.path,
        query=dict(parse_qsl(target.query)),
        headers={name.decode("ascii"): value.decode("latin-1") for name, value in head.headers},
    )
