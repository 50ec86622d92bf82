"""One service with a REST interface: its address, who comes, and how often to try."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from attrs import field, frozen
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from agent.connectors.base import ConnectorError
from agent.connectors.pooling import POOL
from agent.connectors.rest.failures import RetryableError, refusal, unreachable

CONNECT_TIMEOUT_S = 5.0
MAX_WAIT_S = 30.0
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})
_NOT_DONE = frozenset({429, 503})  # the service says that it has not begun
_PASSING = frozenset({500, 502, 504})
_OK = range(200, 300)


@frozen(kw_only=True)
class Call:
    """One request. `key` is what the service may know a repeated one by."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(factory=dict)
    key: str | None = None

    def content(self) -> dict[str, Any]:
        """Return the request as httpx takes it: GET has its body as parameters."""
        keyed = {"Idempotency-Key": self.key} if self.key else {}
        content: dict[str, Any] = {"headers": {**self.headers, **keyed}}
        if self.body is not None:
            content["params" if self.method == "GET" else "json"] = self.body
        return content


class Sender:
    """Sends requests, again only where that is safe.

    Safe is what was never sent, what the service says it has not begun (429, 503), and after any
    other fault of server or network a method that is idempotent.
    """

    def __init__(
        self,
        url: str,
        headers: dict[str, str],
        *,
        timeout_s: float,
        retries: int,
        delay_s: float,
    ) -> None:
        self.url = url
        self._retries = retries
        self._delay_s = delay_s
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            base_url=url,
            headers=headers,
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
            trust_env=False,
            follow_redirects=False,  # a redirect may lead where credentials must not go
            limits=POOL,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def send(self, call: Call) -> httpx.Response:
        """Return a good answer, read to its end. Raises `ConnectorError`."""
        async with self.stream(call) as response:
            await response.aread()
            return response

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncGenerator[httpx.Response]:
        """Yield a good answer whose body is still to be read. Raises `ConnectorError`."""
        response: httpx.Response = await self._retrying()(self._try, call)
        try:
            yield response
        except httpx.TransportError as error:
            raise unreachable(self.url, error, self._timeout_s) from error
        finally:
            await response.aclose()

    async def _try(self, call: Call) -> httpx.Response:
        request = self._client.build_request(call.method, call.path, **call.content())
        try:
            response = await self._client.send(request, stream=True)
        except httpx.TransportError as error:
            problem = unreachable(self.url, error, self._timeout_s)
            never_sent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            is_hang = isinstance(error, httpx.ReadTimeout)  # another may take as long for nothing
            is_safe = never_sent or (call.method in IDEMPOTENT and not is_hang)
            raise self._judged(problem, safe=is_safe) from error
        if response.status_code in _OK:
            return response
        await response.aread()
        await response.aclose()
        is_passing = response.status_code in _PASSING and call.method in IDEMPOTENT
        safe = response.status_code in _NOT_DONE or is_passing
        raise self._judged(refusal(call.path, response), safe=safe, response=response)

    def _judged(
        self, problem: ConnectorError, *, safe: bool, response: httpx.Response | None = None
    ) -> ConnectorError:
        if not safe:
            return problem
        asked = response.headers.get("retry-after", "") if response is not None else ""
        return RetryableError(problem, wait_s=float(asked) if asked.isdigit() else None)

    def _retrying(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception_type(RetryableError),
            wait=self._wait,
            stop=stop_after_attempt(1 + self._retries),
            reraise=True,
        )

    def _wait(self, state: RetryCallState) -> float:
        problem = state.outcome.exception() if state.outcome else None
        asked = problem.wait_s if isinstance(problem, RetryableError) else None
        usual = wait_exponential(multiplier=self._delay_s, max=MAX_WAIT_S)(state)
        return usual if asked is None else min(asked, MAX_WAIT_S)
