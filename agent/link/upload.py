"""The way of a result's files to the hub: named by content, streamed, sent once."""

import asyncio
import base64
import hashlib
import logging
from collections.abc import AsyncIterator
from http import HTTPStatus
from io import SEEK_END, BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    before_sleep_log,
    retry_if_exception,
    wait_random_exponential,
)

from agent.connectors.base import ConnectorError, OutputFile
from agent.trust import trust_for
from shared.states import ErrorClass

log = logging.getLogger(__name__)

CHECKSUM = "x-amz-checksum-sha256"
CHUNK_BYTES = 256 * 1024
SMALL_BYTES = CHUNK_BYTES
"""What is sent without asking whether the hub has it: the question would take as long."""
TRIES = 6
TIMEOUT_S = 60  # for the network to move at all, not for a whole file


@define
class Uploads:
    """Brings files to the hub over `http`, whose base is the hub's URL."""

    http: httpx.AsyncClient
    _retry_cap_s: float = 10
    _hub_keeps: bool = field(default=False, init=False)  # files itself, as it last said

    async def upload(self, file: OutputFile) -> dict[str, Any]:
        """Make sure that the hub has `file`, and return what the result says of it.

        Raises `ConnectorError` (network) when the hub does not take it.
        """
        if isinstance(file.content, Path) or len(file.content) > SMALL_BYTES:
            sha256, size_bytes = await asyncio.to_thread(_measured, file)
        else:
            sha256, size_bytes = _measured(file)
        url = f"/artifacts/{sha256}"
        reached = Reached()
        try:
            await self._retrying(reached)(self._hand_in, file, url, size_bytes, reached)
        except httpx.HTTPError as problem:
            raise ConnectorError(
                f"could not upload {file.filename} ({size_bytes} bytes): {_text(problem)}",
                error_class=ErrorClass.NETWORK,
            ) from problem
        return {
            "filename": file.filename,
            "mime_type": file.mime_type,
            "size_bytes": size_bytes,
            "sha256": sha256,
            "url": url,
        }

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def _put_directly(self, file: OutputFile, to: str, sha256: str, size_bytes: int) -> None:
        """Put a file where the hub has others put it; it takes these bytes alone."""
        headers = {
            "Content-Length": str(size_bytes),
            CHECKSUM: base64.b64encode(bytes.fromhex(sha256)).decode(),
        }
        async with open_elsewhere(to) as http:
            with _opened(file) as content:
                answer = await http.put(to, content=_chunks(content), headers=headers)
        answer.raise_for_status()

    def _retrying(self, reached: "Reached") -> AsyncRetrying:
        return AsyncRetrying(
            stop=reached.is_in_vain,
            wait=wait_random_exponential(multiplier=0.5, max=self._retry_cap_s),
            retry=retry_if_exception(_is_transient),
            before_sleep=before_sleep_log(log, logging.WARNING),
            reraise=True,
        )

    async def _hand_in(
        self, file: OutputFile, url: str, size_bytes: int, reached: "Reached"
    ) -> None:
        if self._hub_keeps and size_bytes <= SMALL_BYTES and reached.is_first:
            await self._put(file, url, 0, size_bytes)
            return
        known = await self.http.head(url)
        if known.status_code != HTTPStatus.NOT_FOUND:
            known.raise_for_status()
            return
        to = known.headers.get("Upload-To")
        self._hub_keeps = not to
        if to:
            await self._put_directly(file, to, url.rpartition("/")[2], size_bytes)
            return
        offset = _offset(known, size_bytes)
        reached.see(offset)
        await self._put(file, url, offset, size_bytes)

    async def _put(self, file: OutputFile, url: str, offset: int, size_bytes: int) -> None:
        headers = {"Content-Type": file.mime_type, "Content-Length": str(size_bytes - offset)}
        if offset:
            headers["Content-Range"] = f"bytes {offset}-{size_bytes - 1}/{size_bytes}"
        with _opened(file) as content:  # here, for httpx leaves the chunks of a broken request open
            content.seek(offset)
            answer = await self.http.put(url, content=_chunks(content), headers=headers)
        answer.raise_for_status()


@define
class Reached:
    """How far an upload has come, and how often it was tried since it last came further."""

    _offset: int = 0
    _tries: int = 0

    @property
    def is_first(self) -> bool:
        """Whether nothing has failed yet."""
        return not self._tries

    def see(self, offset: int) -> None:
        """So many bytes are at the hub."""
        if offset > self._offset:
            self._offset, self._tries = offset, 0

    def is_in_vain(self, _: RetryCallState) -> bool:
        """Whether to give up, after one more try that failed."""
        self._tries += 1
        return self._tries >= TRIES


def open_http(hub_url: str, token: str | None) -> httpx.AsyncClient:
    """Requests to the hub at `hub_url`, with the agent's token when it has one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(
        base_url=hub_url, headers=headers, timeout=TIMEOUT_S, verify=trust_for(hub_url)
    )


def open_elsewhere(url: str) -> httpx.AsyncClient:
    """Requests to where the hub sends its agents. Nobody but the hub gets the agent's token."""
    return httpx.AsyncClient(timeout=TIMEOUT_S, verify=trust_for(url))


def _opened(file: OutputFile) -> BufferedReader | BytesIO:
    return file.content.open("rb") if isinstance(file.content, Path) else BytesIO(file.content)


def _measured(file: OutputFile) -> tuple[str, int]:
    with _opened(file) as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        return sha256, content.seek(0, SEEK_END)  # a digest of bytes in memory reads nothing


def _offset(known: httpx.Response, size_bytes: int) -> int:
    """How much the hub has of what it has not whole; nothing, if that cannot be continued."""
    here = known.headers.get("Upload-Offset", "0")
    offset = int(here) if here.isdecimal() else 0
    return offset if offset < size_bytes else 0


async def _chunks(content: BufferedReader | BytesIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(content.read, CHUNK_BYTES):
        yield chunk


def _is_transient(problem: BaseException) -> bool:
    if isinstance(problem, httpx.HTTPStatusError):
        status = problem.response.status_code
        return status == HTTPStatus.CONFLICT or problem.response.is_server_error
    return isinstance(problem, httpx.TransportError)


def _text(problem: httpx.HTTPError) -> str:
    return str(problem) or type(problem).__name__
