"""The hub's settings: flags and environment."""

from pathlib import Path
from typing import Literal

from attrs import frozen, validators

from hub.artifact_settings import ArtifactOptions
from hub.page_settings import PageOptions
from hub.redis_url import FORMS, checked
from hub.upkeep_settings import UpkeepOptions
from shared.bounds import PORT_OR_ANY, between
from shared.jobs import MAX_PRIORITY
from shared.settings import setting
from shared.settings_names import scaled, worded

Limits = dict[str, int]
"""A number by name; `*` is for every name that is not there."""

NODE_FORMATS = {"production": "json", "development": "text", "test": "text"}
_positive = validators.gt(0)


def limits(text: str) -> Limits:
    """`20` for each, or `comfyui=20,*=100`. Raises `ValueError`."""
    parts = [part.strip().rpartition("=") for part in text.split(",")]
    found = {name.strip() or "*": number.strip() for name, _, number in parts}
    if len(found) < len(parts) or not all(number.isdecimal() for number in found.values()):
        raise ValueError("a whole number is needed, or name=number by comma, * for all others")
    return {name: int(number) for name, number in found.items()}


def _most(what: str) -> str:
    return f"how many jobs {what}: 20 for each, or name=20,*=100; no limit when not set"


@frozen(kw_only=True)
class HubSettings(ArtifactOptions, PageOptions, UpkeepOptions):
    """What a hub can be told. Durations in seconds unless the name says otherwise."""

    hub_host: str = setting("HUB_HOST", "127.0.0.1", "the address to listen on")
    hub_port: int = setting(
        "HUB_PORT", 3001, "the port to listen on; 0 picks a free one",
        validator=PORT_OR_ANY,
    )  # fmt: skip
    ws_port: int | None = setting(
        "WS_PORT", None, "a second port, for WebSockets; without it they come by HUB_PORT",
        validator=validators.optional(PORT_OR_ANY),
    )  # fmt: skip
    ws_host: str | None = setting(
        "WS_HOST", None, "the address to listen on for WS_PORT; HUB_HOST when left out"
    )
    redis_url: str | None = setting(
        "REDIS_URL", None,
        f"a Valkey or Redis server: {FORMS}; without it the hub runs its own",
        parse=checked, secret=True,
    )  # fmt: skip
    hub_data_dir: Path = setting(
        "HUB_DATA_DIR", Path("data/hub"), "artifacts and the embedded store"
    )
    hub_public_url: str | None = setting(
        "HUB_PUBLIC_URL", None,
        "where machines find this hub, for install.sh; what they asked for when not set",
    )  # fmt: skip
    hub_peer_url: str | None = setting(
        "HUB_PEER_URL", None,
        "where other hubs on the same Redis find this one, for files; its address towards Redis when"
        " not set",
        validator=validators.optional(validators.matches_re(r"https?://[^/?#@]+/?")),
    )  # fmt: skip
    hub_agent_file: Path | None = setting(
        "HUB_AGENT_FILE", None, "the agent's binary to hand out; HUB_DATA_DIR/agent/emp-agent else"
    )
    hub_api_keys: tuple[str, ...] = setting(
        "HUB_API_KEYS", (), "keys of REST clients, or sha256:HEX of them, by comma", secret=True
    )
    hub_api_keys_file: Path | None = setting(
        "HUB_API_KEYS_FILE", None, "a file with such keys, one a line"
    )
    hub_worker_tokens: tuple[str, ...] = setting(
        "HUB_WORKER_TOKENS", (), "tokens of workers, or sha256:HEX of them, by comma", secret=True
    )
    hub_worker_tokens_file: Path | None = setting(
        "HUB_WORKER_TOKENS_FILE", None, "a file with such tokens, one a line"
    )
    ws_auth_tokens: tuple[str, ...] = setting(
        ("WS_AUTH_TOKEN", "WEBSOCKET_AUTH_TOKEN"), (),
        "tokens of the original: of workers, and for every WebSocket, clients and monitors too;"
        " or sha256:HEX of them, by comma",
        secret=True,
    )  # fmt: skip
    hub_lease_s: float = setting(
        ("HUB_LEASE_S", "WORKER_HEARTBEAT_TIMEOUT_SECONDS"), 30.0,
        "how long a silent worker keeps its jobs", validator=_positive,
    )  # fmt: skip
    hub_heartbeat_s: float = setting(
        ("HUB_HEARTBEAT_S", scaled("HEARTBEAT_INTERVAL_MS", 0.001)), 10.0,
        "how often workers are asked to be heard; at most half of HUB_LEASE_S", validator=_positive,
    )  # fmt: skip
    hub_grace_s: float = setting(
        "HUB_GRACE_S", 10.0, "how long a disconnected worker keeps its jobs", validator=_positive
    )
    hub_max_losses: int = setting(
        "HUB_MAX_LOSSES", 5, "how often a job may be lost or given back by workers",
        validator=validators.ge(0),
    )  # fmt: skip
    hub_prefer_passes: int = setting(
        "HUB_PREFER_PASSES", 3,
        "how often a job may be passed over for one of equal priority that the worker is readier for;"
        " 0: never",
        validator=validators.ge(0),
    )  # fmt: skip
    hub_prefer_window: int = setting(
        "HUB_PREFER_WINDOW", 100, "how many submissions apart two such jobs may be; 0: strict order",
        validator=validators.ge(0),
    )  # fmt: skip
    hub_retry_first_s: float = setting(
        "HUB_RETRY_FIRST_S", 1.0, "the longest wait before the first retry; it doubles",
        validator=validators.ge(0),
    )  # fmt: skip
    hub_max_waiting_by_type: Limits = setting(
        ("HUB_MAX_WAITING_BY_TYPE", "MAX_PENDING_JOBS"), {}, _most("of a type may wait"),
        parse=limits,
    )  # fmt: skip
    hub_max_waiting_by_customer: Limits = setting(
        "HUB_MAX_WAITING_BY_CUSTOMER", {}, _most("of a customer may wait"), parse=limits
    )
    hub_max_running_by_type: Limits = setting(
        "HUB_MAX_RUNNING_BY_TYPE", {}, _most("of a type may run"), parse=limits
    )
    hub_max_running_by_customer: Limits = setting(
        "HUB_MAX_RUNNING_BY_CUSTOMER", {}, _most("of a customer may run"), parse=limits
    )
    hub_max_body_mb: float = setting(
        "HUB_MAX_BODY_MB", 8.0, "the largest request body", validator=_positive
    )
    hub_max_connections: int = setting(
        "HUB_MAX_CONNECTIONS", 10_000, "the most WebSockets at the same time", validator=_positive
    )
    hub_max_waits: int = setting(
        "HUB_MAX_WAITS", 1000, "the most requests that may wait for the end of a job",
        validator=validators.ge(0),
    )  # fmt: skip
    max_ws_message_size_mb: float = setting(
        "MAX_WS_MESSAGE_SIZE_MB", 100.0, "the largest message that comes in pieces",
        validator=between(1, 1000),
    )  # fmt: skip
    stats_broadcast_interval_ms: float = setting(
        "STATS_BROADCAST_INTERVAL_MS", 5000.0, "how often monitors are told, in milliseconds",
        validator=validators.ge(250),
    )  # fmt: skip
    default_job_priority: int = setting(
        "DEFAULT_JOB_PRIORITY", 50, "for jobs that state none",
        validator=between(-MAX_PRIORITY, MAX_PRIORITY),
    )  # fmt: skip
    completed_job_ttl_hours: float = setting(
        "COMPLETED_JOB_TTL_HOURS", 24.0, "how long completed and cancelled jobs are kept",
        validator=validators.ge(0),
    )  # fmt: skip
    failed_job_ttl_days: float = setting(
        "FAILED_JOB_TTL_DAYS", 7.0, "how long failed jobs are kept", validator=validators.ge(0)
    )
    completed_job_keep: int = setting(
        "COMPLETED_JOB_KEEP", 100_000, "how many completed jobs are kept at most, and as many cancelled",
        validator=validators.ge(0),
    )  # fmt: skip
    failed_job_keep: int = setting(
        "FAILED_JOB_KEEP", 100_000, "how many failed jobs are kept at most",
        validator=validators.ge(0),
    )  # fmt: skip
    worker_ttl_hours: float = setting(
        "HUB_WORKER_TTL_HOURS", 24.0, "how long a worker that is gone is remembered",
        validator=validators.ge(0),
    )  # fmt: skip
    log_level: str = setting(
        "LOG_LEVEL", "info", "debug, info, warning or error", parse=str.lower,
        validator=validators.in_(("debug", "info", "warning", "error")),
    )  # fmt: skip
    log_format: Literal["text", "json"] = setting(
        ("LOG_FORMAT", worded("NODE_ENV", NODE_FORMATS)), "text", "text or json", parse=str.lower,
        validator=validators.in_(("text", "json")),
    )  # fmt: skip

    @property
    def contradiction(self) -> str | None:
        """Which of the settings cannot be meant together."""
        if self.hub_heartbeat_s * 2 > self.hub_lease_s:
            return (
                f"workers that are heard every {self.hub_heartbeat_s:g} s lose their jobs after "
                f"{self.hub_lease_s:g} s: set HUB_LEASE_S (WORKER_HEARTBEAT_TIMEOUT_SECONDS) to twice "
                "HUB_HEARTBEAT_S (HEARTBEAT_INTERVAL_MS) or more"
            )
        return None

    @property
    def limits(self) -> Limits:
        """All limits of jobs, as the store names them."""
        asked = {
            "waiting:type": self.hub_max_waiting_by_type,
            "waiting:customer": self.hub_max_waiting_by_customer,
            "running:type": self.hub_max_running_by_type,
            "running:customer": self.hub_max_running_by_customer,
        }
        return {
            f"{group}:{name}": number
            for group, numbers in asked.items()
            for name, number in numbers.items()
        }
