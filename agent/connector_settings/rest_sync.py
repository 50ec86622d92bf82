"""Where a service is that answers a job at once, and how to talk to it."""

from typing import Any

from attrs import frozen, validators

from agent.connector_settings.names import (
    KINDS,
    METHODS,
    RESPONSE_FORMATS,
    either,
    http_url,
    json_object,
    path,
)
from shared.settings import setting


@frozen(kw_only=True, slots=False)  # several of them are bases of one class
class RestSyncSettings:
    """A service whose answer to one request is the result."""

    rest_sync_base_url: str = setting(
        either("REST_SYNC_BASE_URL", "WORKER_REST_BASE_URL", "REST_BASE_URL"),
        "http://localhost:8080",
        "where the service listens",
        parse=http_url,
    )
    rest_sync_auth: str | None = setting(
        either("REST_SYNC_AUTH"),
        None,
        f"how to say who comes: {', '.join(KINDS)}; without it, what the credentials suggest",
        parse=str.lower,
        validator=validators.optional(validators.in_(KINDS)),
    )
    rest_sync_username: str | None = setting(
        either("REST_SYNC_USERNAME", "WORKER_REST_USERNAME", "REST_USERNAME"),
        None,
        "for basic authentication",
    )
    rest_sync_password: str | None = setting(
        either("REST_SYNC_PASSWORD", "WORKER_REST_PASSWORD", "REST_PASSWORD"),
        None,
        "goes with the user name",
        secret=True,
    )
    rest_sync_api_key: str | None = setting(
        either("REST_SYNC_API_KEY", "WORKER_REST_API_KEY", "REST_API_KEY"),
        None,
        "the key or token",
        secret=True,
    )
    rest_sync_api_key_header: str = setting(
        either("REST_SYNC_API_KEY_HEADER"),
        "X-API-Key",
        "the header of a key that is no bearer token",
    )
    rest_sync_job_type: str = setting(
        either("REST_SYNC_JOB_TYPE"), "rest_sync", "the services offered, with commas between"
    )
    rest_sync_timeout_s: float = setting(
        either(
            "REST_SYNC_TIMEOUT_SECONDS",
            "WORKER_REST_TIMEOUT",
            "REST_TIMEOUT",
            "WORKER_REST_TOTAL_TIMEOUT",
            "REST_TOTAL_TIMEOUT",
        ),
        60.0,
        "seconds that the answer may take",
        validator=validators.gt(0),
    )
    rest_sync_retry_attempts: int = setting(
        either("REST_SYNC_RETRY_ATTEMPTS"),
        3,
        "how often to try once more where that is safe",
        validator=validators.ge(0),
    )
    rest_sync_retry_delay_s: float = setting(
        either("REST_SYNC_RETRY_DELAY_SECONDS"),
        2.0,
        "seconds before the second try, twice as many before the third",
        validator=validators.ge(0),
    )
    rest_sync_max_concurrent_jobs: int = setting(
        either("REST_SYNC_MAX_CONCURRENT_JOBS"),
        5,
        "how many jobs it takes at the same time",
        validator=validators.ge(1),
    )
    rest_sync_endpoint: str = setting(
        either("REST_SYNC_ENDPOINT", "WORKER_REST_ENDPOINT", "REST_ENDPOINT"),
        "/",
        "the path of jobs that name no endpoint",
        parse=path,
    )
    rest_sync_method: str = setting(
        either("REST_SYNC_METHOD"),
        "POST",
        f"the method of jobs that name none: {', '.join(METHODS)}",
        parse=str.upper,
        validator=validators.in_(METHODS),
    )
    rest_sync_health_url: str = setting(
        either(
            "REST_SYNC_HEALTH_URL",
            "REST_SYNC_HEALTH_ENDPOINT",
            "WORKER_REST_HEALTH_ENDPOINT",
            "REST_HEALTH_ENDPOINT",
        ),
        "/health",
        "the path to ask whether the service is there",
        parse=path,
    )
    rest_sync_request_template: dict[str, Any] | None = setting(
        either("REST_SYNC_REQUEST_TEMPLATE"),
        None,
        "the body to send, as JSON in which texts that begin with $ are JSONPath into the job",
        parse=json_object,
    )
    rest_sync_response_template: dict[str, Any] | None = setting(
        either("REST_SYNC_RESPONSE_TEMPLATE"),
        None,
        "the result, likewise with JSONPath into the answer; the whole answer if not set",
        parse=json_object,
    )
    rest_sync_files: str | None = setting(
        either("REST_SYNC_FILES"),
        None,
        "JSONPath to files in the answer: base64 or data: URLs",
    )
    rest_sync_response_format: str = setting(
        either("REST_SYNC_RESPONSE_FORMAT"),
        "json",
        f"what the answer is: {', '.join(RESPONSE_FORMATS)}",
        parse=str.lower,
        validator=validators.in_(RESPONSE_FORMATS),
    )
    rest_sync_max_response_mb: int = setting(
        either("REST_SYNC_MAX_RESPONSE_MB"),
        2048,
        "megabytes that a binary answer may have; json and text may have 64",
        validator=validators.ge(1),
    )
