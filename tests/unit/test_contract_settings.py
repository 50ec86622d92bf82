"""Every variable that the original documents: it is read, or it is refused with what to set instead."""

from typing import Any

import pytest
from attrs import AttrsInstance

from agent.engines.environment import engine_environ
from agent.settings import AgentSettings
from hub.settings import HubSettings
from shared.settings import resolve, variables

URL = "http://192.0.2.1:1"

HUB = {
    # read by the original's hub
    "REDIS_URL": "redis://192.0.2.1", "HUB_PORT": "9", "HUB_HOST": "0.0.0.0", "WS_PORT": "9",  # noqa: S104 - nothing listens
    "WS_HOST": "::1", "MAX_WS_MESSAGE_SIZE_MB": "7", "HEARTBEAT_INTERVAL_MS": "2500",
    "CONNECTION_TIMEOUT_MS": "7000", "STATS_BROADCAST_INTERVAL_MS": "700", "LOG_LEVEL": "debug",
    "LOG_FORMAT": "json", "NODE_ENV": "production",
    # documented for it
    "WS_AUTH_TOKEN": "t", "MAX_JOB_TIMEOUT_MINUTES": "7", "DEFAULT_JOB_PRIORITY": "7",
    "MAX_CONCURRENT_JOBS_PER_WORKER": "7", "MAX_PENDING_JOBS": "7",
    "JOB_CLEANUP_INTERVAL_MINUTES": "7", "COMPLETED_JOB_TTL_HOURS": "7",
    "FAILED_JOB_TTL_DAYS": "8", "WORKER_HEARTBEAT_TIMEOUT_SECONDS": "90",
    "WORKER_CLEANUP_INTERVAL_MINUTES": "7", "METRICS_ENABLED": "false", "METRICS_PORT": "9",
    "ENABLE_CORS": "false", "CORS_ORIGINS": "http://localhost:3000,http://localhost:3001",
    # of its Python predecessor
    "WEBSOCKET_AUTH_TOKEN": "t",
}  # fmt: skip

WORKER = {
    "WORKER_ID": "w", "WORKER_CONNECTORS": "a", "SERVICES": "a", "CONNECTORS": "a",
    "HUB_WS_URL": "ws://192.0.2.1", "WORKER_WEBSOCKET_AUTH_TOKEN": "t",
    "WORKER_MAX_CONCURRENT_JOBS": "7", "WORKER_HEARTBEAT_INTERVAL": "7", "GPU_MEMORY_GB": "7",
    "GPU_MODEL": "m", "CUSTOMER_ISOLATION": "strict", "ALLOWED_CUSTOMERS": "a,b",
    "DENIED_CUSTOMERS": "a", "QUALITY_LEVELS": "fast,quality", "NODE_ENV": "production",
    "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "WORKER_DASHBOARD_ENABLED": "false",
    "WORKER_DASHBOARD_PORT": "7",
    # documented for it
    "HUB_AUTH_TOKEN": "t", "WORKER_TYPE": "gpu", "WORKER_DESCRIPTION": "a good one",
    "COMFYUI_URL": URL, "COMFYUI_MODELS": "a,b", "A1111_MODELS": "a",
    "GPU_COUNT": "2", "GPU_COMPUTE_CAPABILITY": "8.6", "CPU_CORES": "7", "CPU_THREADS": "14",
    "RAM_GB": "7", "STORAGE_TYPE": "SSD", "STORAGE_GB": "7", "CONCURRENT_JOBS": "7",
    "REGION": "r", "COMPLIANCE_TAGS": "gdpr,hipaa", "DATA_LOCALITY": "any",
    "COST_TIER": "standard", "RATE_PER_HOUR": "7", "HEARTBEAT_INTERVAL_SECONDS": "7",
    "RECONNECT_INTERVAL_SECONDS": "7", "HEALTH_CHECK_INTERVAL_SECONDS": "7",
    "WORKER_GPU_COUNT": "2", "WORKER_GPU_MEMORY_GB": "7", "WORKER_GPU_MODEL": "m",
    "WORKER_CPU_CORES": "7", "WORKER_RAM_GB": "7",
    # of its Python predecessor
    "REDIS_WS_URL": "ws://192.0.2.1", "WEBSOCKET_AUTH_TOKEN": "t", "WORKER_BASE_ID": "w",
    "WORKER_CONNECTION_TIMEOUT": "7", "HEARTBEAT_INTERVAL": "7", "NUM_GPUS": "2",
    "JOB_TYPE": "t",
}  # fmt: skip

CONNECTORS = {
    "SIMULATION": {
        "PROCESSING_TIME": "7", "STEPS": "7", "FAILURE_RATE": "0.5", "PROGRESS_INTERVAL_MS": "7",
    },
    "COMFYUI": {
        "HOST": "h", "PORT": "7", "USERNAME": "u", "PASSWORD": "p", "TIMEOUT_SECONDS": "7",
        "MAX_CONCURRENT_JOBS": "7", "WORKFLOW_TIMEOUT_SECONDS": "7", "USE_BASIC_AUTH": "false",
        "USE_SSL": "true",
    },
    "A1111": {
        "HOST": "h", "PORT": "7", "USERNAME": "u", "PASSWORD": "p", "TIMEOUT_SECONDS": "7",
        "MAX_CONCURRENT_JOBS": "7", "SAVE_IMAGES": "true", "SAVE_GRID": "true",
        "IMAGE_FORMAT": "webp", "JPEG_QUALITY": "7", "PNG_COMPRESSION": "7", "URL": URL,
    },
    "REST_SYNC": {
        "BASE_URL": URL, "TIMEOUT_SECONDS": "7", "RETRY_ATTEMPTS": "7",
        "RETRY_DELAY_SECONDS": "7", "MAX_CONCURRENT_JOBS": "7", "METHOD": "PUT",
        "RESPONSE_FORMAT": "text", "HEALTH_URL": "/h",
    },
    "REST": {
        "BASE_URL": URL, "ENDPOINT": "/e", "HEALTH_ENDPOINT": "/h", "API_KEY": "k",
        "USERNAME": "u", "PASSWORD": "p", "TIMEOUT": "7", "TOTAL_TIMEOUT": "7",
    },
    "REST_ASYNC": {
        "BASE_URL": URL, "TIMEOUT_SECONDS": "7", "RETRY_ATTEMPTS": "7",
        "RETRY_DELAY_SECONDS": "7", "MAX_CONCURRENT_JOBS": "7", "METHOD": "PUT",
        "HEALTH_URL": "/h", "POLLING_INTERVAL_MS": "7", "COMPLETION_ENDPOINT": "/c",
        "STATUS_FIELD": "s", "RESULT_FIELD": "r", "SUBMIT_ENDPOINT": "/s",
        "STATUS_ENDPOINT": "/s", "RESULT_ENDPOINT": "/r", "HEALTH_ENDPOINT": "/h",
        "POLL_INTERVAL": "7", "JOB_TYPE": "t", "API_KEY": "k", "USERNAME": "u", "PASSWORD": "p",
    },
    "WEBSOCKET": {
        "URL": "ws://192.0.2.1", "BASE_URL": "ws://192.0.2.1", "PROTOCOL": "p",
        "TIMEOUT_SECONDS": "7", "RETRY_ATTEMPTS": "7", "RETRY_DELAY_SECONDS": "7",
        "MAX_CONCURRENT_JOBS": "7", "HEARTBEAT_INTERVAL_MS": "7", "RECONNECT_DELAY_MS": "7",
        "MAX_RECONNECT_ATTEMPTS": "7",
    },
}  # fmt: skip

REFUSED = {
    "HUB_REDIS_URL": "HUB_URL", "REDIS_API_HOST": "HUB_URL", "REDIS_API_PORT": "HUB_URL",
    "USE_SSL": "HUB_URL", "WORKER_POLL_INTERVAL_MS": "the hub tells",
    "JOB_POLL_INTERVAL_SECONDS": "the hub tells",
    "MAX_RECONNECT_ATTEMPTS": "RECONNECT_INTERVAL_SECONDS",
    "MAX_PROCESSING_TIME_MINUTES": "MAX_JOB_TIMEOUT_MINUTES",
    "MAX_CONCURRENT_CUSTOMERS": "WORKER_MAX_CONCURRENT_JOBS",
    "SERVICE_HEALTH_TIMEOUT_SECONDS": "WORKER_COMFYUI_TIMEOUT_SECONDS",
    "TEST_GPUS": "WORKER_GPUS", "MOCK_GPU": "WORKER_GPUS=none", "SERVER_CREDS": "take it out",
    "WORKER_COMFYUI_IMAGE_FORMAT": "SaveImage", "WORKER_COMFYUI_IMAGE_QUALITY": "SaveImage",
    "WORKER_COMFYUI_SAVE_WORKFLOW": "SaveImage", "WORKER_COMFYUI_KEEP_CONNECTION": "take it out",
    "COMFYUI_KEEP_CONNECTION": "take it out", "WORKER_A1111_ENABLE_API": "take it out",
    "A1111_JOB_TYPE": "take it out", "WORKER_A1111_CONNECTION_TIMEOUT": "A1111_GRACE_SECONDS",
    "WORKER_REST_USE_SSL": "BASE_URL", "WORKER_REST_ASYNC_USE_SSL": "BASE_URL",
    "REST_CONNECTION_TIMEOUT": "REST_SYNC_TIMEOUT_SECONDS",
}  # fmt: skip

FOR_ENGINES = ("HF_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_REGION")

ROWS: list[tuple[type[AttrsInstance], str, str]] = [
    *((HubSettings, name, value) for name, value in HUB.items()),
    *((AgentSettings, name, value) for name, value in WORKER.items()),
    *(
        (AgentSettings, f"{prefix}{connector}_{name}", value)
        for connector, names in CONNECTORS.items()
        for name, value in names.items()
        for prefix in ("WORKER_", "")
    ),
]


def read_from(cls: type[AttrsInstance], **environ: str) -> dict[str, Any]:
    """The fields that are not as they are by default, with where they were found."""
    found = resolve(cls, (), environ, "program", "")
    plain = resolve(cls, (), {}, "program", "")
    return {
        name: source
        for name, source in found.sources.items()
        if getattr(found.settings, name) != getattr(plain.settings, name)
    }


@pytest.mark.parametrize(
    ("cls", "name", "value"), ROWS, ids=[f"{cls.__name__} {name}" for cls, name, _ in ROWS]
)
def test_a_documented_variable_is_read(cls: type[AttrsInstance], name: str, value: str) -> None:
    read = read_from(cls, **{name: value})
    assert list(read.values()) == [f"environment {name}"]


@pytest.mark.parametrize("name", REFUSED)
def test_any_other_is_refused_with_what_to_do(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        resolve(AgentSettings, (), {name: "1"}, "program", "")
    told = capsys.readouterr().err
    assert name in told
    assert REFUSED[name] in told.split(f"{name}: ")[1]


def test_all_that_is_refused_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        resolve(AgentSettings, (), {"MOCK_GPU": "1", "HUB_REDIS_URL": "redis://h"}, "program", "")
    assert {"MOCK_GPU:", "HUB_REDIS_URL:"} <= set(capsys.readouterr().err.split())


def test_nothing_is_both_read_and_refused() -> None:
    assert set(variables(AgentSettings)).isdisjoint(AgentSettings.RETIRED)
    assert set(REFUSED) <= set(AgentSettings.RETIRED)


@pytest.mark.parametrize("name", FOR_ENGINES)
def test_what_is_meant_for_engines_reaches_them(name: str) -> None:
    ours = {name: "x", "WORKER_TOKEN": "t"}
    theirs = engine_environ(ours, None, variables(AgentSettings))
    assert (theirs[name], "WORKER_TOKEN" in theirs) == ("x", False)


@pytest.mark.parametrize(
    ("cls", "name", "text", "field", "value"),
    [
        (HubSettings, "HEARTBEAT_INTERVAL_MS", "2500", "hub_heartbeat_s", 2.5),
        (AgentSettings, "REST_ASYNC_POLL_INTERVAL", "1.5", "rest_async_poll_interval_ms", 1500),
        (AgentSettings, "WEBSOCKET_RETRY_DELAY_SECONDS", "2", "websocket_reconnect_delay_ms", 2000),
        (AgentSettings, "NUM_GPUS", "3", "gpus", ("0", "1", "2")),
        (AgentSettings, "NUM_GPUS", "0", "gpus", ("none",)),
        (HubSettings, "NODE_ENV", "production", "log_format", "json"),
        (HubSettings, "NODE_ENV", "development", "log_format", "text"),
    ],
)
def test_other_units_and_words_mean_the_same(
    cls: type[AttrsInstance], name: str, text: str, field: str, value: object
) -> None:
    assert getattr(resolve(cls, (), {name: text}, "program", "").settings, field) == value


def test_what_cannot_be_read_is_told_by_its_own_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        resolve(HubSettings, (), {"HEARTBEAT_INTERVAL_MS": "soon"}, "program", "")
    told = capsys.readouterr().err
    assert "HEARTBEAT_INTERVAL_MS" in told
    assert "'soon'" in told


def test_our_name_goes_before_the_others() -> None:
    settings = resolve(
        HubSettings, (), {"HUB_HEARTBEAT_S": "1", "HEARTBEAT_INTERVAL_MS": "9"}, "program", ""
    ).settings
    assert settings.hub_heartbeat_s == 1
