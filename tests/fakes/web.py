"""A web server that a URL of a test leads to, on a real socket of this machine."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from attrs import define, field


@define
class Web:
    """Answers by path with a status, headers and a body; what was asked is kept."""

    url: str = field(default="", init=False)
    port: int = field(default=0, init=False)
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(factory=dict, init=False)
    asked: list[tuple[str, dict[str, str]]] = field(factory=list, init=False)
    is_silent: bool = field(default=False, init=False)
    _hung_up: asyncio.Event = field(factory=asyncio.Event, init=False)

    def page(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        """The URL of a new page."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, named, body)
        return self.url + path

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        path = first.split()[1]
        self.asked.append((path, {k.lower(): v for k, _, v in (x.partition(": ") for x in lines)}))
        if self.is_silent:
            await self._hung_up.wait()
        else:
            status, headers, body = self.pages.get(path, (404, {}, b""))
            told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            start = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
            writer.write((start + told + "\r\n").encode() + body)
        writer.close()

    def hang_up(self) -> None:
        """Let those go who are answered with silence."""
        self._hung_up.set()


@asynccontextmanager
async def running_web() -> AsyncGenerator[Web]:
    """A server on a free port of this machine."""
    web = Web()
    async with await asyncio.start_server(web.serve, "127.0.0.1", 0) as server:
        web.port = server.sockets[0].getsockname()[1]
        web.url = f"http://127.0.0.1:{web.port}"
        yield web
        web.hang_up()
