"""Submission by REST, with as little client as HTTP takes: what is measured is the hub."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from attrs import frozen


class RefusedError(RuntimeError):
    """The hub did not accept a job."""


@frozen
class Submitter:
    """One connection that is kept; one request at a time."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _request: bytes

    async def submit(self) -> None:
        """Submit a job that does nothing. Raises `RefusedError`."""
        self._writer.write(self._request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ") for line in head.lower().splitlines()[1:-1])
        body = await self._reader.readexactly(int(fields[b"content-length"]))
        if not head.startswith(b"HTTP/1.1 201"):
            raise RefusedError(body.decode())


@asynccontextmanager
async def submitter(url: str, job_type: str) -> AsyncGenerator[Submitter]:
    """A connection to the hub at `url`, for jobs of `job_type`."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    body = json.dumps({"type": job_type, "payload": {}}).encode()
    head = (
        f"POST /jobs HTTP/1.1\r\nHost: {where.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        yield Submitter(reader, writer, head.encode() + body)
    finally:
        writer.close()
