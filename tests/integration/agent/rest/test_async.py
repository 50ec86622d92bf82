"""Jobs that a real server takes now and has the result of later."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from agent.connector_settings import RestAsyncSettings
from agent.connectors.base import ConnectorError, Result, Work
from agent.connectors.rest import RestAsync
from agent.connectors.rest.callbacks import Callbacks
from shared.states import ErrorClass
from tests.fakes.rest_service import Answer, RestService
from tests.support.reports import Reports
from tests.support.waiting import wait_until

WORK = Work(job_id="j1", attempt=1, type="rest_async", payload={"prompt": "x"})


@asynccontextmanager
async def opened(service: RestService, **settings: Any) -> AsyncGenerator[RestAsync]:
    given: dict[str, Any] = {
        "rest_async_base_url": service.url,
        "rest_async_poll_interval_ms": 10,
        "rest_async_retry_delay_s": 0.0,
    }
    connector = RestAsync(RestAsyncSettings(**(given | settings)))
    await connector.open()
    try:
        yield connector
    finally:
        await connector.close()


async def run(service: RestService, reports: Reports | None = None, **settings: Any) -> Result:
    async with opened(service, **settings) as connector:
        return await connector.run(WORK, reports or Reports())


def takes(service: RestService, *statuses: dict[str, Any]) -> None:
    service.on("/", Answer(status=202, body={"job_id": "a b"}))
    service.on("/status/a%20b", *(Answer(body=each) for each in statuses))


async def test_the_status_is_asked_for_until_the_result_is_there(service: RestService) -> None:
    takes(
        service,
        {"status": "queued"},
        {"status": "RUNNING", "progress": 40, "message": "drawing"},
        {"status": "completed", "result": {"text": "hello"}},
    )
    reports = Reports()
    result = await run(service, reports)
    assert result.data == {"text": "hello"}
    assert [(each.percent, each.message) for each in reports.seen] == [(40, "drawing")]


async def test_fields_and_places_are_settings(service: RestService) -> None:
    service.on("/jobs", Answer(body={"data": {"key": 7}}))
    service.on("/jobs/7/state", Answer(body={"meta": {"phase": "done"}}))
    service.on("/jobs/7/output", Answer(body={"url": "x"}))
    result = await run(
        service,
        rest_async_endpoint="/jobs",
        rest_async_id_field="$.data.key",
        rest_async_completion_endpoint="/jobs/{id}/state",
        rest_async_status_field="$.meta.phase",
        rest_async_result_endpoint="/jobs/{id}/output",
    )
    assert result.data == {"url": "x"}


async def test_a_status_without_a_result_is_the_result(service: RestService) -> None:
    takes(service, {"status": "ok", "text": "hello"})
    assert (await run(service)).data == {"status": "ok", "text": "hello"}


FAILURES: list[tuple[dict[str, Any], ErrorClass, str]] = [
    ({"status": "failed", "error": "CUDA out of memory"}, ErrorClass.OUT_OF_MEMORY, "says: CUDA"),
    ({"status": "error"}, ErrorClass.INTERNAL, "says: error"),
    ({"state": "?"}, ErrorClass.INTERNAL, "no field 'status'; it has state"),
]


@pytest.mark.parametrize(("status", "error_class", "words"), FAILURES)
async def test_a_job_that_failed_there_fails_here(
    service: RestService, status: dict[str, Any], error_class: ErrorClass, words: str
) -> None:
    takes(service, status)
    with pytest.raises(ConnectorError, match=words) as caught:
        await run(service)
    assert caught.value.error_class is error_class


async def test_a_job_that_never_ends_is_a_hang_and_is_cancelled(service: RestService) -> None:
    takes(service, {"status": "running"})
    service.on("/cancel/a%20b", Answer(body={}))
    settings: dict[str, Any] = {
        "rest_async_timeout_s": 0.2,
        "rest_async_cancel_endpoint": "/cancel",
    }
    with pytest.raises(ConnectorError, match=r"no result of a b after 0\.2 s") as caught:
        await run(service, **settings)
    assert caught.value.error_class is ErrorClass.HANG
    assert len(service.to("/cancel/a%20b")) == 1


async def test_a_cancelled_job_is_cancelled_there(service: RestService) -> None:
    takes(service, {"status": "running"})
    service.on("/stop/a%20b", Answer(status=500, body="cannot"))
    async with opened(service, rest_async_cancel_endpoint="/stop/{id}") as connector:
        running = asyncio.create_task(connector.run(WORK, Reports()))
        await wait_until(lambda: service.to("/status/a%20b"))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert len(service.to("/stop/a%20b")) == 1


async def test_a_callback_brings_the_result(service: RestService) -> None:
    takes(service, {"status": "running"})
    settings: dict[str, Any] = {
        "rest_async_poll_interval_ms": 60_000,
        "rest_async_callback_url": "http://agent.example.com",
    }
    async with opened(service, **settings) as connector:
        running = asyncio.create_task(connector.run(WORK, Reports()))
        await wait_until(lambda: service.to("/"))
        address = service.to("/")[0]["body"]["callback_url"]
        assert address.startswith("http://agent.example.com/callbacks/")
        here = address.replace("agent.example.com", f"127.0.0.1:{connector.callbacks().port}")
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.post(f"{here}x", json={})).status_code == 404
            assert (await client.post(here, content=b"{")).status_code == 400
            ended = {"status": "completed", "result": {"text": "called"}}
            assert (await client.post(here, json=ended)).status_code == 204
        assert (await running).data == {"text": "called"}
    assert service.to("/status/a%20b") == []


async def test_a_callback_that_is_too_large_is_not_read() -> None:
    callbacks = Callbacks("http://agent.example.com")
    async with callbacks.listening("127.0.0.1", 0):
        reader, writer = await asyncio.open_connection("127.0.0.1", callbacks.port)
        writer.write(b"POST /callbacks/x HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n")
        assert b" 413 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_an_empty_callback_is_a_reason_to_ask(service: RestService) -> None:
    takes(service, {"status": "completed", "result": {"text": "asked"}})
    settings: dict[str, Any] = {
        "rest_async_poll_interval_ms": 60_000,
        "rest_async_callback_url": "http://agent.example.com",
    }
    async with opened(service, **settings) as connector:
        running = asyncio.create_task(connector.run(WORK, Reports()))
        await wait_until(lambda: service.to("/"))
        path = service.to("/")[0]["body"]["callback_url"].partition("example.com")[2]
        connector.callbacks().deliver(path, b"")
        assert (await running).data == {"text": "asked"}


BAD: list[tuple[Answer, str]] = [
    (Answer(body={}), "without an id, looked for as job_id"),
    (Answer(body=[]), "JSON that is no object"),
    (Answer(content=b"{"), "no JSON"),
]


@pytest.mark.parametrize(("answer", "words"), BAD)
async def test_an_answer_that_names_no_job_is_said_to(
    service: RestService, answer: Answer, words: str
) -> None:
    service.on("/", answer)
    with pytest.raises(ConnectorError, match=words):
        await run(service)


async def test_a_closed_connector_says_so() -> None:
    connector = RestAsync(RestAsyncSettings())
    await connector.close()
    assert (await connector.offer()).services == ("rest_async",)
    with pytest.raises(RuntimeError, match="open"):
        await connector.run(WORK, Reports())
