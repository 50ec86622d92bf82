"""Settings of the hub's upkeep: what is looked after how often, and the bounds that it puts on others."""

from attrs import frozen, validators

from shared.bounds import PORT_OR_ANY
from shared.settings import setting

_POSITIVE = validators.gt(0)


@frozen(kw_only=True, slots=False)  # a base of the hub's settings
class UpkeepOptions:
    """How often the hub cleans up, whom it cuts off, and how much others may ask for."""

    job_cleanup_interval_minutes: float = setting(
        "JOB_CLEANUP_INTERVAL_MINUTES", 1.0, "how often old jobs and workflows are removed",
        validator=_POSITIVE,
    )  # fmt: skip
    worker_cleanup_interval_minutes: float = setting(
        "WORKER_CLEANUP_INTERVAL_MINUTES", 1.0, "how often workers are forgotten that are gone",
        validator=_POSITIVE,
    )  # fmt: skip
    hub_machine_ttl_days: float = setting(
        "HUB_MACHINE_TTL_DAYS", 90.0,
        "how long an enrolled machine that is not seen is remembered; then it has to enrol anew",
        validator=validators.ge(1),
    )  # fmt: skip
    connection_timeout_ms: float = setting(
        "CONNECTION_TIMEOUT_MS", 40_000.0,
        "milliseconds after which a WebSocket is closed whose peer answers no ping",
        validator=validators.ge(100),
    )  # fmt: skip
    max_job_timeout_minutes: float | None = setting(
        "MAX_JOB_TIMEOUT_MINUTES", None,
        "how long a job may run that asks for more, or says nothing; no limit when not set",
        validator=validators.optional(_POSITIVE),
    )  # fmt: skip
    max_concurrent_jobs_per_worker: int | None = setting(
        "MAX_CONCURRENT_JOBS_PER_WORKER", None,
        "how many jobs a worker is given at once, though it has more slots; no limit when not set",
        validator=validators.optional(_POSITIVE),
    )  # fmt: skip
    hub_max_frames_per_s: float = setting(
        "HUB_MAX_FRAMES_PER_S", 5000.0,
        "how many frames of a WebSocket are read a second, twice as many at once; the rest waits",
        validator=validators.ge(1),
    )  # fmt: skip
    metrics_enabled: bool = setting("METRICS_ENABLED", True, "whether GET /metrics is answered")
    metrics_port: int | None = setting(
        "METRICS_PORT", None, "one more port, for /metrics and /health alone; they come by HUB_PORT too",
        validator=validators.optional(PORT_OR_ANY),
    )  # fmt: skip
