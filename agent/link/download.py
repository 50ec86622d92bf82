"""The way of a job's input files from the hub: streamed to disk, and checked by content."""

import asyncio
import hashlib
from http import HTTPStatus
from pathlib import Path

import httpx
from attrs import define
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt
from tenacity import wait_random_exponential as waiting

from agent.connectors.base import ConnectorError
from agent.link.upload import open_elsewhere
from shared.states import ErrorClass

TRIES = 6


class _BrokenError(Exception):
    """It did not arrive whole; it may the next time."""


@define
class Downloads:
    """Brings files from the hub over `_http`, whose base is the hub's URL."""

    _http: httpx.AsyncClient
    _retry_cap_s: float = 10

    async def download(self, sha256: str, path: Path) -> None:
        """Write the artifact to `path`. Raises `ConnectorError`: validation when the hub has none."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=waiting(multiplier=0.5, max=self._retry_cap_s),
            retry=retry_if_exception_type(_BrokenError),
            reraise=True,
        )
        try:
            await retrying(self._fetch, sha256, path)
        except _BrokenError as problem:
            raise ConnectorError(
                f"could not fetch the input {sha256}: {problem}", error_class=ErrorClass.NETWORK
            ) from problem

    async def _fetch(self, sha256: str, path: Path) -> None:
        try:
            digest = await self._written_to(path, sha256)
        except httpx.TransportError as problem:
            raise _BrokenError(str(problem) or type(problem).__name__) from problem
        if digest != sha256:
            raise _BrokenError(f"its bytes have the digest {digest}")

    async def _written_to(self, path: Path, sha256: str) -> str:
        """The digest of what has come. Of an object store, where the hub keeps files in one."""
        url = f"/artifacts/{sha256}"
        if self._http.base_url.scheme == "http":  # its client asks for nobody's certificate
            async with self._http.stream("GET", url) as answer:
                if answer.next_request is None:
                    return await _written(answer, path, sha256)
                to = answer.next_request.url
            async with open_elsewhere(str(to)) as http, http.stream("GET", to) as answer:
                return await _written(answer, path, sha256)
        # httpx shows the token to the hub alone.
        async with self._http.stream("GET", url, follow_redirects=True) as answer:
            return await _written(answer, path, sha256)


def _check(sha256: str, status: int) -> None:
    if status == HTTPStatus.NOT_FOUND:
        raise ConnectorError(
            f"inputs: the hub has no artifact {sha256} any more; upload the file, and submit the "
            "job again",
            error_class=ErrorClass.VALIDATION,
        )
    if status != HTTPStatus.OK:
        raise _BrokenError(f"the hub answered {status}")


async def _written(answer: httpx.Response, path: Path, sha256: str) -> str:
    _check(sha256, answer.status_code)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        async for chunk in answer.aiter_bytes():
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
    return digest.hexdigest()
