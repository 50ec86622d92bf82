"""Jobs as one request to a real server."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from agent.connector_settings import RestSyncSettings
from agent.connectors.base import ConnectorError, Result, Work
from agent.connectors.rest import RestSync
from shared.states import ErrorClass
from tests.fakes.rest_service import Answer, RestService
from tests.support.reports import Reports


async def run(
    service: RestService, payload: dict[str, Any], reports: Reports | None = None, **settings: Any
) -> Result:
    given: dict[str, Any] = {
        "rest_sync_endpoint": "/make",
        "rest_sync_retry_delay_s": 0.0,
        "rest_sync_base_url": service.url,
    }
    connector = RestSync(RestSyncSettings(**(given | settings)))
    await connector.open()
    try:
        work = Work(job_id="j1", attempt=2, type="rest_sync", payload=payload)
        return await connector.run(work, reports or Reports())
    finally:
        await connector.close()


async def test_the_payload_is_the_body_and_the_answer_the_result(service: RestService) -> None:
    service.on("/make", Answer(body={"text": "hello"}))
    result = await run(service, {"prompt": "x"})
    assert result.data == {"text": "hello"}
    (request,) = service.to("/make")
    assert (request["method"], request["body"]) == ("POST", {"prompt": "x"})
    assert request["headers"]["idempotency-key"] == "j1:2"


async def test_a_payload_may_name_endpoint_method_headers_and_body(service: RestService) -> None:
    service.on("/other", Answer(body=[1]))
    payload = {"endpoint": "/other", "method": "get", "headers": {"X-A": "b"}, "data": {"q": "1"}}
    result = await run(service, payload)
    (request,) = service.to("/other")
    assert (request["method"], request["query"]) == ("GET", {"q": "1"})
    assert request["headers"]["x-a"] == "b"
    assert result.data == {"result": [1]}


async def test_templates_map_the_job_and_the_answer(service: RestService) -> None:
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    service.on("/make", Answer(body={"out": [{"text": "a"}, {"text": "b"}], "images": [picture]}))
    result = await run(
        service,
        {"prompt": "x"},
        rest_sync_request_template={"input": {"text": "$.payload.prompt"}, "job": "$.job_id"},
        rest_sync_response_template={"texts": "$.out[*].text"},
        rest_sync_files="$.images[*]",
    )
    assert service.to("/make")[0]["body"] == {"input": {"text": "x"}, "job": "j1"}
    assert result.data == {"texts": ["a", "b"]}
    assert [file.filename for file in result.files] == ["file_00001.png"]


async def test_text_is_a_result_too(service: RestService) -> None:
    service.on("/make", Answer(content=b"hello", media_type="text/plain"))
    result = await run(service, {}, rest_sync_response_format="text")
    assert result.data == {"text": "hello"}


async def test_a_binary_answer_goes_to_disk_and_away_after_it(service: RestService) -> None:
    content = b"\x00\x00\x00\x18ftypmp42" * 100_000
    service.on("/make", Answer(content=content, media_type="video/mp4"))
    reports = Reports()
    result = await run(service, {}, reports, rest_sync_response_format="binary")
    (file,) = result.files
    assert (file.filename, file.mime_type) == ("result.mp4", "video/mp4")
    assert isinstance(file.content, Path)
    assert file.content.read_bytes() == content
    assert reports.seen[-1].percent == 100
    result.discard()
    assert not file.content.exists()


async def test_a_binary_answer_that_is_too_large_leaves_nothing(service: RestService) -> None:
    service.on("/make", Answer(content=b"x" * 1_100_000))
    settings: dict[str, Any] = {
        "rest_sync_response_format": "binary",
        "rest_sync_max_response_mb": 1,
    }
    with pytest.raises(ConnectorError, match="larger than 1000000 bytes"):
        await run(service, {}, **settings)


AUTH: list[tuple[dict[str, Any], str, str]] = [
    ({"username": "me", "password": "x"}, "authorization", "Basic bWU6eA=="),
    ({"api_key": "k"}, "authorization", "Bearer k"),
    ({"auth": "bearer", "api_key": "k"}, "authorization", "Bearer k"),
    ({"auth": "api_key", "api_key": "k", "api_key_header": "X-Key"}, "x-key", "k"),
]


@pytest.mark.parametrize(("auth", "header", "value"), AUTH)
async def test_who_comes_is_said_in_every_kind(
    service: RestService, auth: dict[str, Any], header: str, value: str
) -> None:
    service.on("/make", Answer(body={}))
    await run(service, {}, **{f"rest_sync_{key}": each for key, each in auth.items()})
    assert {request["headers"][header] for request in service.requests} == {value}


def test_a_kind_without_its_credentials_is_refused() -> None:
    with pytest.raises(ValueError, match="auth bearer needs api_key"):
        RestSync(RestSyncSettings(rest_sync_auth="bearer"))
    with pytest.raises(ValueError, match="rest_sync_job_type must name"):
        RestSync(RestSyncSettings(rest_sync_job_type=","))


SAFE: list[tuple[str, Answer]] = [
    ("POST", Answer(status=503, body="later", headers={"Retry-After": "0"})),
    ("POST", Answer(status=429, body="slow")),
    ("GET", Answer(status=502, body="proxy")),
    ("PUT", Answer(status=500, body="broke")),
    ("DELETE", Answer(cuts=True)),
]


@pytest.mark.parametrize(("method", "answer"), SAFE)
async def test_what_is_safe_is_tried_again(
    service: RestService, method: str, answer: Answer
) -> None:
    service.on("/make", answer, answer, Answer(body={"done": True}))
    assert (await run(service, {"method": method})).data == {"done": True}
    assert len(service.to("/make")) == 3


UNSAFE: list[tuple[Answer, ErrorClass, str]] = [
    (Answer(status=400, body="bad size"), ErrorClass.VALIDATION, "answered 400: .*bad size"),
    (Answer(status=401, body="who?"), ErrorClass.NETWORK, "401"),
    (Answer(status=500, body="broke"), ErrorClass.INTERNAL, "500"),
    (Answer(status=500, body="CUDA out of memory"), ErrorClass.OUT_OF_MEMORY, "memory"),
    (Answer(status=500, body="CUDA error: x"), ErrorClass.CUDA, "CUDA"),
    (Answer(status=502, body="proxy"), ErrorClass.NETWORK, "502"),
    (Answer(status=302, headers={"Location": "/x"}), ErrorClass.INTERNAL, "302"),
    (Answer(cuts=True), ErrorClass.NETWORK, "broke the connection"),
    (Answer(content=b"{"), ErrorClass.INTERNAL, "no JSON"),
]


@pytest.mark.parametrize(("answer", "error_class", "words"), UNSAFE)
async def test_what_may_have_been_done_is_not_sent_twice(
    service: RestService, answer: Answer, error_class: ErrorClass, words: str
) -> None:
    service.on("/make", answer)
    with pytest.raises(ConnectorError, match=words) as caught:
        await run(service, {})
    assert caught.value.error_class is error_class
    assert len(service.to("/make")) == 1


async def test_what_will_not_pass_is_not_tried_again(service: RestService) -> None:
    service.on("/make", Answer(status=404, body="no such"), Answer(body={"ok": 1}))
    with pytest.raises(ConnectorError, match="no such"):
        await run(service, {"method": "GET"})
    assert len(service.to("/make")) == 1


async def test_a_service_says_when_to_try_again(service: RestService) -> None:
    later = Answer(status=503, body="later", headers={"Retry-After": "0"})
    service.on("/make", later, Answer(body={"ok": 1}))
    async with asyncio.timeout(5):
        result = await run(service, {}, rest_sync_retry_delay_s=30.0)
    assert result.data == {"ok": 1}


async def test_trying_again_has_an_end(service: RestService) -> None:
    service.on("/make", Answer(status=503, body="never"))
    with pytest.raises(ConnectorError, match="never"):
        await run(service, {}, rest_sync_retry_attempts=2)
    assert len(service.to("/make")) == 3


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_no_answer_in_time_is_a_hang_and_is_not_waited_for_again(
    service: RestService, method: str
) -> None:
    never = asyncio.Event()
    service.on("/make", Answer(delay=never))
    with pytest.raises(ConnectorError, match=r"did not answer in 0\.2 s") as caught:
        await run(service, {"method": method}, rest_sync_timeout_s=0.2)
    never.set()
    assert caught.value.error_class is ErrorClass.HANG
    assert len(service.to("/make")) == 1


BAD: list[tuple[dict[str, Any], str]] = [
    ({"endpoint": "http://elsewhere/x"}, "endpoint must be a path"),
    ({"endpoint": "//elsewhere/x"}, "endpoint must be a path"),
    ({"method": "TRACE"}, "method must be one of POST, GET"),
    ({"headers": {"Authorization": "x"}}, "headers.Authorization cannot be set"),
    ({"headers": {"Transfer-Encoding": "x"}}, "headers.Transfer-Encoding cannot be set"),
    ({"headers": {"X-A": 1}}, "headers must be an object of texts"),
]


@pytest.mark.parametrize(("payload", "words"), BAD)
async def test_a_job_cannot_leave_the_service(
    service: RestService, payload: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConnectorError, match=words) as caught:
        await run(service, payload)
    assert caught.value.error_class is ErrorClass.VALIDATION


async def test_a_template_that_fits_no_job_or_answer_is_named(service: RestService) -> None:
    service.on("/make", Answer(body={"a": 1}))
    with pytest.raises(ConnectorError, match=r"\$\.payload\.text leads to nothing") as caught:
        await run(service, {}, rest_sync_request_template={"t": "$.payload.text"})
    assert caught.value.error_class is ErrorClass.VALIDATION
    with pytest.raises(ConnectorError, match="does not fit the response template"):
        await run(service, {}, rest_sync_response_template={"t": "$.b"})
    with pytest.raises(ConnectorError, match="file 1 of the answer is no text"):
        await run(service, {}, rest_sync_files="$.a")


async def test_a_service_that_is_not_well_is_not_used(service: RestService) -> None:
    service.on("/health", Answer(status=401, body="who?"))
    with pytest.raises(ConnectorError, match="no service that is well at"):
        await run(service, {})
    service.on("/health", Answer(status=404))
    service.on("/make", Answer(body={}))
    assert (await run(service, {})).data == {}


async def test_a_closed_connector_says_so() -> None:
    connector = RestSync(RestSyncSettings())
    await connector.close()
    assert (await connector.offer()).services == ("rest_sync",)
    with pytest.raises(RuntimeError, match="open"):
        await connector.run(Work(job_id="j", attempt=1, type="t", payload={}), Reports())
