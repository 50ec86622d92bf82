"""The agent's own HTTP server, asked over real sockets."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from agent.desk import http
from agent.desk.http import Request, Response, json_response, serving

Ask = Callable[..., Awaitable[tuple[int, bytes]]]


class Seen:
    """What the server was asked, and whether its endless answer has ended."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.streaming = asyncio.Event()
        self.stopped = asyncio.Event()

    async def answer(self, request: Request) -> Response:
        self.requests.append(request)
        if request.path == "/broken":
            raise RuntimeError("it broke")
        if request.path == "/some":
            return Response(stream=self._some())
        if request.path == "/endless":
            return Response(stream=self._endless())
        return json_response({"path": request.path})

    async def _some(self) -> AsyncGenerator[bytes]:
        for part in (b"a", b"b"):
            yield part

    async def _endless(self) -> AsyncGenerator[bytes]:
        try:
            yield b"first"
            self.streaming.set()
            await asyncio.Event().wait()
        finally:
            self.stopped.set()


@pytest.fixture
async def seen() -> Seen:
    return Seen()


@pytest.fixture
async def port(seen: Seen) -> AsyncGenerator[int]:
    with socket.create_server(("127.0.0.1", 0)) as line:
        async with serving(seen.answer, line):
            yield line.getsockname()[1]


async def _said(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_request_is_taken_apart(seen: Seen, port: int) -> None:
    head = b"POST /a/b?x=1&y=%C3%A9 HTTP/1.1\r\nHost: here\r\nX-One: two\r\nContent-Length: 2\r\n\r\nhi"
    said = await _said(port, head)
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert said.endswith(b'\r\n\r\n{"path":"/a/b"}')
    [request] = seen.requests
    assert (request.method, request.path, request.query) == ("POST", "/a/b", {"x": "1", "y": "é"})
    assert request.headers["x-one"] == "two"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"what\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),  # without a Host
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40_000, b"413"),
    ],
)
async def test_what_is_no_request_is_refused(
    seen: Seen, port: int, sent: bytes, status: bytes
) -> None:
    assert (await _said(port, sent)).startswith(b"HTTP/1.1 " + status)
    assert seen.requests == []


async def test_who_goes_without_a_word_is_forgotten(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await writer.wait_closed()
    assert b"200" in await _said(port, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")


async def test_who_says_nothing_is_cut_off(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REQUEST_S", 0.05)
    assert await _said(port, b"GET / HT") == b""


async def test_what_breaks_is_told_without_its_details(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    said = await _said(port, b"GET /broken HTTP/1.1\r\nHost: h\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 500")
    assert b"it broke" not in said
    assert "it broke" in caplog.text


async def test_a_stream_ends_when_it_ends(port: int) -> None:
    said = await _said(port, b"GET /some HTTP/1.1\r\nHost: h\r\n\r\n")
    assert said.endswith(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")


async def test_a_stream_ends_when_nobody_listens(seen: Seen, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
    async with asyncio.timeout(10):
        await reader.readuntil(b"first")
        await seen.streaming.wait()
        writer.close()
        await writer.wait_closed()
        await seen.stopped.wait()


async def test_the_end_of_the_server_cuts_off_who_is_there(seen: Seen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as line:
        async with serving(seen.answer, line):
            reader, writer = await asyncio.open_connection(*line.getsockname())
            writer.write(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
            await reader.readuntil(b"first")
        async with asyncio.timeout(10):
            assert b"0\r\n\r\n" not in await reader.read()
            await seen.stopped.wait()
        writer.close()
        await writer.wait_closed()
