"""Where a service is that works over a WebSocket, and how to talk to it."""

from attrs import frozen, validators

from agent.connector_settings.names import KINDS, either, socket_url
from shared.settings import setting
from shared.settings_names import scaled


@frozen(kw_only=True, slots=False)  # several of them are bases of one class
class WebSocketSettings:
    """A service that gets a job as a message, and answers with messages."""

    websocket_url: str = setting(
        either("WEBSOCKET_URL", "WORKER_WEBSOCKET_BASE_URL", "WEBSOCKET_BASE_URL"),
        "ws://localhost:8080",
        "where the service listens",
        parse=socket_url,
    )
    websocket_auth: str | None = setting(
        either("WEBSOCKET_AUTH"),
        None,
        f"how to say who comes: {', '.join(KINDS)}; without it, what the credentials suggest",
        parse=str.lower,
        validator=validators.optional(validators.in_(KINDS)),
    )
    websocket_username: str | None = setting(
        either("WEBSOCKET_USERNAME"), None, "for basic authentication"
    )
    websocket_password: str | None = setting(
        either("WEBSOCKET_PASSWORD"), None, "goes with the user name", secret=True
    )
    websocket_api_key: str | None = setting(
        either("WEBSOCKET_API_KEY"), None, "the key or token", secret=True
    )
    websocket_api_key_header: str = setting(
        either("WEBSOCKET_API_KEY_HEADER"),
        "X-API-Key",
        "the header of a key that is no bearer token",
    )
    websocket_job_type: str = setting(
        either("WEBSOCKET_JOB_TYPE"), "websocket", "the services offered, with commas between"
    )
    websocket_timeout_s: float = setting(
        either("WEBSOCKET_TIMEOUT_SECONDS"),
        60.0,
        "seconds without any message of the job",
        validator=validators.gt(0),
    )
    websocket_max_concurrent_jobs: int = setting(
        either("WEBSOCKET_MAX_CONCURRENT_JOBS"),
        5,
        "how many jobs it takes at the same time",
        validator=validators.ge(1),
    )
    websocket_protocol: str | None = setting(
        either("WEBSOCKET_PROTOCOL"), None, "the subprotocol to ask for"
    )
    websocket_heartbeat_interval_ms: int = setting(
        either("WEBSOCKET_HEARTBEAT_INTERVAL_MS"),
        30_000,
        "milliseconds between two pings while a job runs",
        validator=validators.ge(1),
    )
    websocket_reconnect_delay_ms: int = setting(
        either(
            "WEBSOCKET_RECONNECT_DELAY_MS",
            scaled("WORKER_WEBSOCKET_RETRY_DELAY_SECONDS", 1000),
            scaled("WEBSOCKET_RETRY_DELAY_SECONDS", 1000),
        ),
        5000,
        "milliseconds before connecting once more; doubles each time",
        validator=validators.ge(0),
    )
    websocket_max_reconnect_attempts: int = setting(
        either(
            "WEBSOCKET_MAX_RECONNECT_ATTEMPTS",
            "WORKER_WEBSOCKET_RETRY_ATTEMPTS",
            "WEBSOCKET_RETRY_ATTEMPTS",
        ),
        5,
        "how often to try to connect once more",
        validator=validators.ge(0),
    )
