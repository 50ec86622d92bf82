"""Plain HTTP to one service of this machine."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from agent.connectors.answers import Answer, NoAnswerError
from agent.connectors.base import ConnectorError
from agent.connectors.pooling import POOL
from agent.connectors.spooling import Download, spooled
from agent.trust import trust_for
from shared.states import ErrorClass

CONNECT_TIMEOUT_S = 5.0
RETRY_INTERVAL_S = 0.5

T = TypeVar("T")


class Http:
    """A pool of connections to the service called `name` in messages."""

    def __init__(
        self, name: str, url: str, headers: dict[str, str], *, timeout_s: float, grace_s: float
    ) -> None:
        self.name = name
        self.url = url
        self._grace_s = grace_s
        # Proxies of the environment are for the outside world, not for an engine beside us.
        self._client = httpx.AsyncClient(
            base_url=url,
            headers=headers,
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
            trust_env=False,
            verify=trust_for(url),
            limits=POOL,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def get(self, path: str, **params: str) -> Answer:
        """Ask once. Raises `NoAnswerError`."""
        return await self._send("GET", path, params=params)

    async def post(self, path: str, body: dict[str, Any]) -> Answer:
        """Send JSON once. Raises `NoAnswerError`, which does not mean that nothing was done."""
        return await self._send("POST", path, json=body)

    async def wait(self, path: str, body: dict[str, Any]) -> Answer:
        """Send JSON once, and wait for the answer however long it takes; else as `post`."""
        timeout = httpx.Timeout(None, connect=CONNECT_TIMEOUT_S)
        return await self._send("POST", path, json=body, timeout=timeout)

    async def post_file(
        self, path: str, field: str, name: str, file: Path, fields: dict[str, str]
    ) -> Answer:
        """Send a form with a file once; else as `post`."""
        with file.open("rb") as content:
            return await self._send("POST", path, files={field: (name, content)}, data=fields)

    async def read(self, path: str, **params: str) -> Answer:
        """Ask until an answer comes. Raises `ConnectorError` when none does within the grace."""
        return await self._patiently(self._read, path, **params)

    async def download(self, path: str, **params: str) -> Download:
        """Ask as `read` does, for what may be large."""
        return await self._patiently(self._download, path, **params)

    async def _patiently(self, ask: Callable[..., Awaitable[T]], path: str, **params: str) -> T:
        patience = AsyncRetrying(
            retry=retry_if_exception_type(NoAnswerError),
            wait=wait_fixed(RETRY_INTERVAL_S),
            stop=stop_after_delay(self._grace_s),
            reraise=True,
        )
        try:
            return await patience(ask, path, **params)
        except NoAnswerError as error:
            raise ConnectorError(
                f"{self.name} at {self.url} was lost and did not come back: {error}",
                error_class=ErrorClass.ENGINE_CRASH,
            ) from error

    async def _read(self, path: str, **params: str) -> Answer:
        answer = await self.get(path, **params)
        if answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise NoAnswerError(f"GET {path} answered {answer.status}: {answer.excerpt()}")
        return answer

    async def _download(self, path: str, **params: str) -> Download:
        try:
            async with self._client.stream("GET", path, params=params) as response:
                if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                    raise NoAnswerError(f"GET {path} answered {response.status_code}")
                return await spooled(response)
        except httpx.TransportError as error:
            raise NoAnswerError(f"GET {path}: {error or type(error).__name__}") from error

    async def _send(self, method: str, path: str, **content: Any) -> Answer:
        try:
            response = await self._client.request(method, path, **content)
        except httpx.TransportError as error:
            raise NoAnswerError(f"{method} {path}: {error or type(error).__name__}") from error
        media_type = response.headers.get("content-type", "").partition(";")[0]
        return Answer(response.status_code, media_type, response.content)
