"""Jobs over a real WebSocket."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve

from agent.connector_settings import WebSocketSettings
from agent.connectors.base import ConnectorError, Result, Work
from agent.connectors.websocket import WebSocket
from shared.states import ErrorClass
from tests.support.reports import Reports
from tests.support.waiting import wait_until

Script = Callable[[ServerConnection, dict[str, Any]], Awaitable[None]]
WORK = Work(job_id="j1", attempt=1, type="websocket", payload={"prompt": "x"})


class Service:
    """Hears jobs, and answers each by the script."""

    def __init__(self, script: Script) -> None:
        self.heard: list[dict[str, Any]] = []
        self.connections: list[ServerConnection] = []
        self._script = script

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str]:
        server: Server
        async with serve(self._serve, "127.0.0.1", 0) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/jobs"

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.append(connection)
        async for frame in connection:
            message = json.loads(frame)
            self.heard.append(message)
            if message["type"] == "job":
                await self._script(connection, message)


def says(*messages: dict[str, Any] | bytes) -> Script:
    async def script(connection: ServerConnection, job: dict[str, Any]) -> None:
        for message in messages:
            frame = message if isinstance(message, bytes) else json.dumps(message)
            await connection.send(frame)

    return script


async def run(service: Service, reports: Reports | None = None, **settings: Any) -> Result:
    async with service.listening() as url:
        connector = WebSocket(WebSocketSettings(websocket_url=url, **settings))
        await connector.open()
        try:
            return await connector.run(WORK, reports or Reports())
        finally:
            await connector.close()


async def test_progress_files_and_the_result_come_as_messages() -> None:
    service = Service(
        says(
            {"type": "hello"},
            {"type": "job_progress", "job_id": "other", "progress": 90},
            {"type": "job_progress", "job_id": "j1", "progress": 30, "message": "drawing"},
            b"\x89PNG\r\n\x1a\n",
            {"type": "ping"},
            {"type": "job_result", "job_id": "j1", "result": {"text": "hello"}},
        )
    )
    reports = Reports()
    result = await run(service, reports, websocket_api_key="k")
    assert result.data == {"text": "hello"}
    assert [(file.filename, file.mime_type) for file in result.files] == [
        ("file_00001.png", "image/png")
    ]
    assert [(each.percent, each.message) for each in reports.seen] == [(30, "drawing")]
    job = next(message for message in service.heard if message["type"] == "job")
    assert (job["id"], job["job_id"], job["payload"]) == ("j1", "j1", {"prompt": "x"})
    request = service.connections[-1].request
    assert request is not None
    assert request.headers["authorization"] == "Bearer k"


async def test_a_result_that_is_no_object_is_one() -> None:
    service = Service(says({"type": "job_result", "job_id": "j1", "result": "hello"}))
    assert (await run(service)).data == {"result": "hello"}


async def closes(connection: ServerConnection, job: dict[str, Any]) -> None:
    await connection.close(1011, "broke")


async def is_mute(connection: ServerConnection, job: dict[str, Any]) -> None:
    """Say nothing."""


FAILURES: list[tuple[Script, ErrorClass, str]] = [
    (says({"type": "job_error", "job_id": "j1", "error": "bad"}), ErrorClass.INTERNAL, "says: bad"),
    (says({"type": "job_error", "job_id": "j1"}), ErrorClass.INTERNAL, "does not say why"),
    (
        says({"type": "job_error", "job_id": "j1", "error": "CUDA out of memory"}),
        ErrorClass.OUT_OF_MEMORY,
        "memory",
    ),
    (closes, ErrorClass.NETWORK, "closed the connection"),
    (is_mute, ErrorClass.HANG, r"said nothing for 0\.2 s"),
]


@pytest.mark.parametrize(("script", "error_class", "words"), FAILURES)
async def test_failures_are_classed(script: Script, error_class: ErrorClass, words: str) -> None:
    with pytest.raises(ConnectorError, match=words) as caught:
        await run(Service(script), websocket_timeout_s=0.2)
    assert caught.value.error_class is error_class


async def test_what_is_no_json_fails_the_job() -> None:
    async def script(connection: ServerConnection, job: dict[str, Any]) -> None:
        await connection.send("{")

    with pytest.raises(ConnectorError, match="no JSON"):
        await run(Service(script))


async def test_a_cancelled_job_is_taken_back_and_pings_go_on_until_then() -> None:
    service = Service(is_mute)
    async with service.listening() as url:
        settings = WebSocketSettings(websocket_url=url, websocket_heartbeat_interval_ms=10)
        connector = WebSocket(settings)
        running = asyncio.create_task(connector.run(WORK, Reports()))
        await wait_until(lambda: any(each["type"] == "ping" for each in service.heard))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert service.heard[-1]["type"] == "cancel_job"
    assert service.heard[-1]["job_id"] == "j1"


async def test_nobody_there_is_said_after_the_tries() -> None:
    settings = WebSocketSettings(
        websocket_url="ws://127.0.0.1:9",
        websocket_reconnect_delay_ms=0,
        websocket_max_reconnect_attempts=2,
    )
    connector = WebSocket(settings)
    for attempt in (connector.open, lambda: connector.run(WORK, Reports())):
        with pytest.raises(ConnectorError, match=r"no connection to ws://127\.0\.0\.1:9") as caught:
            await attempt()
        assert caught.value.error_class is ErrorClass.NETWORK
    assert (await connector.offer()).services == ("websocket",)
