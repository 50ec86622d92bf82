"""An S3-compatible store as far as a hub uses it, that looks at no checksum, as some real ones do."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from attrs import define, field

_FACTS = "ETag: x\r\nLast-Modified: Tue, 24 Nov 2026 12:00:00 GMT\r\n"
_DELETED = b"<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>"


@define
class LaxStore:
    """Its objects by path. Whoever puts one is answered with `status`; with 0 the line is cut."""

    url: str = field(default="", init=False)
    status: int = field(default=200, init=False)
    objects: dict[str, bytes] = field(factory=dict, init=False)
    asked: list[tuple[str, str]] = field(factory=list, init=False)

    @property
    def tried(self) -> int:
        """How often it was tried with wrong bytes."""
        return sum(method == "PUT" and "/tried/" in path for method, path in self.asked)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        method, target, _ = first.split()
        named = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(named.get("content-length", "0")))
        path = target.partition("?")[0]
        self.asked.append((method, path))
        status = self._done(method, path, body)
        if status:
            told = _DELETED if method == "POST" else b""
            size = len(self.objects.get(path, b"")) if method == "HEAD" else len(told)
            facts = f"{_FACTS}Content-Length: {size}\r\nConnection: close\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\n{facts}\r\n".encode() + told)
        writer.close()

    def _done(self, method: str, path: str, body: bytes) -> int:
        if method == "PUT":
            if self.status == 200:
                self.objects[path] = body
            return self.status
        if method == "POST":  # of which obstore makes every deletion
            for key in re.findall("<Key>(.*?)</Key>", body.decode()):
                self.objects.pop(f"{path}/{key}", None)
            return 200
        return 200 if path in self.objects else 404


@asynccontextmanager
async def lax_store() -> AsyncGenerator[LaxStore]:
    """A store on a free port of this machine."""
    store = LaxStore()
    async with await asyncio.start_server(store.serve, "127.0.0.1", 0) as server:
        store.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield store
