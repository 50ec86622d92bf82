"""The settings of the connectors, as a user writes them."""

from typing import Any

import pytest

from agent.connector_settings import ConnectorSettings
from shared.settings import read


def settings(**environ: str) -> ConnectorSettings:
    return read(ConnectorSettings, (), environ, "emp-agent run", "The agent.")


NAMES: list[tuple[str, str, str, Any]] = [
    ("WORKER_A1111_PORT", "7861", "a1111_port", 7861),
    ("A1111_HOST", "gpu", "a1111_host", "gpu"),
    ("WORKER_REST_SYNC_METHOD", "put", "rest_sync_method", "PUT"),
    ("WORKER_REST_BASE_URL", "http://x:8000/", "rest_sync_base_url", "http://x:8000"),
    ("WORKER_REST_ASYNC_STATUS_ENDPOINT", "/s", "rest_async_completion_endpoint", "/s"),
    ("WEBSOCKET_URL", "https://x/y", "websocket_url", "wss://x/y"),
    ("REST_SYNC_REQUEST_TEMPLATE", '{"a": "$.b"}', "rest_sync_request_template", {"a": "$.b"}),
]


@pytest.mark.parametrize(("name", "text", "field", "value"), NAMES)
def test_every_name_is_read(name: str, text: str, field: str, value: Any) -> None:
    assert getattr(settings(**{name: text}), field) == value


BAD = [
    ("A1111_URL", "gpu:7860", "an address such as http"),
    ("WORKER_A1111_IMAGE_FORMAT", "bmp", "must be in"),
    ("WORKER_REST_SYNC_ENDPOINT", "x", "a path such as"),
    ("WORKER_REST_SYNC_RESPONSE_TEMPLATE", "[]", "a JSON object such as"),
    ("WORKER_REST_SYNC_RESPONSE_TEMPLATE", "{", "JSON is needed"),
    ("WORKER_WEBSOCKET_URL", "ftp://x", "an address such as ws"),
]


@pytest.mark.parametrize(("name", "text", "words"), BAD)
def test_what_cannot_be_used_is_named(
    capsys: pytest.CaptureFixture[str], name: str, text: str, words: str
) -> None:
    with pytest.raises(SystemExit):
        settings(**{name: text})
    error = " ".join(capsys.readouterr().err.split())
    assert name in error
    assert words in error


def test_an_address_goes_before_host_and_port() -> None:
    assert settings(A1111_HOST="x", A1111_PORT="1").a1111_address == "http://x:1"
    assert settings(A1111_HOST="x", A1111_URL="http://y:2/").a1111_address == "http://y:2"
