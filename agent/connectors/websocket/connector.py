"""The connector: one job in, one socket, its messages out.

The job goes as `{"type": "job", "id", "job_id", "payload"}`. The service answers with
`job_progress` {progress, message, step}, `job_result` {result} or `job_error` {error}, each with the
`job_id`; a binary frame is a file. `ping` is answered with `pong`.
"""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from agent.connector_settings import WebSocketSettings
from agent.connectors.base import ConnectorError, Offer, Report, Result, Work
from agent.connectors.credentials import Credentials
from agent.connectors.job_types import named
from agent.connectors.websocket.conversation import Conversation
from shared.states import ErrorClass

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_MAX_FRAME_BYTES = 256 * 2**20
_MAX_WAIT_S = 60.0


class WebSocket:
    """Sends each job over a socket of its own, so that none hears of another."""

    name = "websocket"

    def __init__(self, settings: WebSocketSettings) -> None:
        self.slots = settings.websocket_max_concurrent_jobs
        self._settings = settings
        self._services = named("websocket_job_type", settings.websocket_job_type)
        self._headers = Credentials(
            kind=settings.websocket_auth,
            username=settings.websocket_username,
            password=settings.websocket_password,
            api_key=settings.websocket_api_key,
            api_key_header=settings.websocket_api_key_header,
        ).headers()
        self._turns = asyncio.Semaphore(self.slots)

    async def open(self) -> None:
        """Connect once. Raises `ConnectorError` when nobody takes the connection."""
        await (await self._connect(retries=0)).close()

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def offer(self) -> Offer:
        """Offer the services of the settings, with any model."""
        return Offer(services=self._services)

    async def run(self, work: Work, report: Report) -> Result:
        """Send the job and return its result. On cancellation `cancel_job` is sent."""
        async with self._turns:
            retries = self._settings.websocket_max_reconnect_attempts
            async with await self._connect(retries) as socket:
                return await self._talk(socket, work, report)

    async def _talk(self, socket: "ClientConnection", work: Work, report: Report) -> Result:
        conversation = Conversation(work.job_id, report)
        beating = asyncio.create_task(self._beat(socket), name=f"ping {work.job_id}")
        try:
            await socket.send(_message("job", work.job_id, payload=work.payload, id=work.job_id))
            return await conversation.ended(socket, self._settings.websocket_timeout_s)
        except (asyncio.CancelledError, ConnectorError):
            await _take_back(socket, work.job_id)
            raise
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self, socket: "ClientConnection") -> None:
        while True:
            await asyncio.sleep(self._settings.websocket_heartbeat_interval_ms / 1000)
            await socket.send(_message("ping", None))

    async def _connect(self, retries: int) -> "ClientConnection":
        """Connect; before the job is sent, that may be tried as often as one likes."""
        from tenacity import (  # noqa: PLC0415 - others need none of it
            AsyncRetrying,
            retry_if_exception_type,
            stop_after_attempt,
            wait_exponential,
        )
        from websockets.exceptions import WebSocketException  # noqa: PLC0415

        delay_s = self._settings.websocket_reconnect_delay_ms / 1000
        faults = (OSError, TimeoutError, WebSocketException)
        patience = AsyncRetrying(
            retry=retry_if_exception_type(faults),
            wait=wait_exponential(delay_s, max=_MAX_WAIT_S),
            stop=stop_after_attempt(1 + retries),
            reraise=True,
        )
        try:
            return await patience(self._connected)
        except faults as error:
            raise ConnectorError(
                f"no connection to {self._settings.websocket_url}: {error}; start the service, or "
                "set WORKER_WEBSOCKET_URL and credentials",
                error_class=ErrorClass.NETWORK,
            ) from error

    async def _connected(self) -> "ClientConnection":
        from websockets.asyncio.client import connect  # noqa: PLC0415 - others need none of it

        protocol: Any = self._settings.websocket_protocol
        return await connect(
            self._settings.websocket_url,
            additional_headers=self._headers,
            subprotocols=[protocol] if protocol else None,
            max_size=_MAX_FRAME_BYTES,
            proxy=None,
        )


async def _take_back(socket: "ClientConnection", job_id: str) -> None:
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415

    try:
        await socket.send(_message("cancel_job", job_id))
    except ConnectionClosed:
        return  # then the service knows that nobody waits


def _message(kind: str, job_id: str | None, **content: Any) -> str:
    facts = {"type": kind, "job_id": job_id, "timestamp": round(time.time() * 1000)}
    return json.dumps({key: value for key, value in facts.items() if value is not None} | content)
