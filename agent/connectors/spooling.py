"""Answers that may be large: small ones stay in memory, others come to disk."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from attrs import frozen

IN_MEMORY_BYTES = 1024 * 1024


@frozen
class Download:
    """One complete answer, whatever its status. Who has it removes the file."""

    status: int
    media_type: str
    content: bytes | Path
    size_bytes: int


async def spooled(response: httpx.Response) -> Download:
    """Read the body of an answer to its end. Raises `httpx.TransportError`, and leaves no file."""
    media_type = response.headers.get("content-type", "").partition(";")[0]
    head = bytearray()
    body = response.aiter_bytes()
    async for chunk in body:
        head += chunk
        if len(head) > IN_MEMORY_BYTES:
            path, size = await _to_disk(head, body)
            return Download(response.status_code, media_type, path, size)
    return Download(response.status_code, media_type, bytes(head), len(head))


async def _to_disk(head: bytearray, body: AsyncIterator[bytes]) -> tuple[Path, int]:
    with tempfile.NamedTemporaryFile(prefix="emp-", delete=False) as file:
        path = Path(file.name)
        try:
            file.write(head)
            async for chunk in body:
                await asyncio.to_thread(file.write, chunk)
            return path, file.tell()
        except BaseException:
            path.unlink()
            raise
