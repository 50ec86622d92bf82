"""The agent's settings."""

import pytest

from agent.settings import AgentSettings
from shared.settings import read


def settings(*argv: str, **environ: str) -> AgentSettings:
    return read(AgentSettings, argv, environ, "emp-agent run", "The agent.")


def test_an_agent_needs_no_setting_at_all() -> None:
    got = settings()
    assert got.hub_url == "http://127.0.0.1:3001"
    assert got.connectors == ("simulation",)
    assert got.max_concurrent_jobs == 1
    assert got.token is None
    assert got.worker_id == settings().worker_id


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://hub.example.com/", "https://hub.example.com"),
        ("ws://hub:3001", "http://hub:3001"),
        ("wss://hub.example.com/queue", "https://hub.example.com/queue"),
    ],
)
def test_the_hub_may_be_named_by_either_scheme(given: str, address: str) -> None:
    assert settings(HUB_WS_URL=given).hub_url == address


@pytest.mark.parametrize("name", ["WORKER_CONNECTORS", "SERVICES", "CONNECTORS"])
def test_connectors_go_by_three_names(name: str) -> None:
    assert settings(**{name: "comfyui, simulation"}).connectors == ("comfyui", "simulation")


@pytest.mark.parametrize("name", ["WORKER_TOKEN", "WORKER_WEBSOCKET_AUTH_TOKEN", "HUB_AUTH_TOKEN"])
def test_the_token_goes_by_three_names_and_is_never_shown(name: str) -> None:
    got = settings(**{name: "open sesame"})
    assert got.token == "open sesame"
    assert "sesame" not in repr(got)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_URL", "hub:3001"),
        ("HUB_URL", "http://"),
        ("WORKER_ID", "two words"),
        ("WORKER_MAX_CONCURRENT_JOBS", "0"),
        ("WORKER_MAX_CONCURRENT_JOBS", "1001"),
        ("WORKER_DRAIN_S", "-1"),
        ("COMFYUI_PORT", "65536"),
        ("COMFYUI_TIMEOUT_SECONDS", "0"),
        ("COMFYUI_WORKFLOW_TIMEOUT_SECONDS", "0"),
        ("WORKER_COMFYUI_FIRST_PORT", "0"),
        ("A1111_PORT", "0"),
        ("WORKER_A1111_FIRST_PORT", "-1"),
        ("REST_ASYNC_CALLBACK_PORT", "65536"),
        ("SIMULATION_PROCESSING_TIME", "-1"),
        ("SIMULATION_STEPS", "1001"),
        ("SIMULATION_FAILURE_RATE", "2"),
        ("SIMULATION_PROGRESS_INTERVAL_MS", "0"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_what_cannot_be_used_is_named(
    name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        settings(**{name: value})
    assert end.value.code == 2
    assert name in capsys.readouterr().err


def test_log_words_may_be_written_in_capitals() -> None:
    got = settings(LOG_LEVEL="WARNING", LOG_FORMAT="JSON")
    assert (got.log_level, got.log_format) == ("warning", "json")
