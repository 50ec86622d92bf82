"""Where a service is that takes a job and has the result later, and how to talk to it."""

from typing import Any

from attrs import frozen, validators

from agent.connector_settings.names import KINDS, METHODS, either, http_url, json_object, path
from shared.bounds import PORT_OR_ANY
from shared.settings import setting
from shared.settings_names import scaled


@frozen(kw_only=True, slots=False)  # several of them are bases of one class
class RestAsyncSettings:
    """A service that is asked, or calls back, until the result is there."""

    rest_async_base_url: str = setting(
        either("REST_ASYNC_BASE_URL"),
        "http://localhost:8080",
        "where the service listens",
        parse=http_url,
    )
    rest_async_auth: str | None = setting(
        either("REST_ASYNC_AUTH"),
        None,
        f"how to say who comes: {', '.join(KINDS)}; without it, what the credentials suggest",
        parse=str.lower,
        validator=validators.optional(validators.in_(KINDS)),
    )
    rest_async_username: str | None = setting(
        either("REST_ASYNC_USERNAME"), None, "for basic authentication"
    )
    rest_async_password: str | None = setting(
        either("REST_ASYNC_PASSWORD"), None, "goes with the user name", secret=True
    )
    rest_async_api_key: str | None = setting(
        either("REST_ASYNC_API_KEY"), None, "the key or token", secret=True
    )
    rest_async_api_key_header: str = setting(
        either("REST_ASYNC_API_KEY_HEADER"),
        "X-API-Key",
        "the header of a key that is no bearer token",
    )
    rest_async_job_type: str = setting(
        either("REST_ASYNC_JOB_TYPE"), "rest_async", "the services offered, with commas between"
    )
    rest_async_timeout_s: float = setting(
        either("REST_ASYNC_TIMEOUT_SECONDS"),
        300.0,
        "seconds that a job may take, from the first request to the result",
        validator=validators.gt(0),
    )
    rest_async_retry_attempts: int = setting(
        either("REST_ASYNC_RETRY_ATTEMPTS"),
        3,
        "how often to try once more where that is safe",
        validator=validators.ge(0),
    )
    rest_async_retry_delay_s: float = setting(
        either("REST_ASYNC_RETRY_DELAY_SECONDS"),
        2.0,
        "seconds before the second try, twice as many before the third",
        validator=validators.ge(0),
    )
    rest_async_max_concurrent_jobs: int = setting(
        either("REST_ASYNC_MAX_CONCURRENT_JOBS"),
        10,
        "how many jobs it takes at the same time",
        validator=validators.ge(1),
    )
    rest_async_endpoint: str = setting(
        either("REST_ASYNC_SUBMIT_ENDPOINT", "WORKER_REST_ASYNC_ENDPOINT", "REST_ASYNC_ENDPOINT"),
        "/",
        "the path of jobs that name no endpoint",
        parse=path,
    )
    rest_async_method: str = setting(
        either("REST_ASYNC_METHOD"),
        "POST",
        f"the method of jobs that name none: {', '.join(METHODS)}",
        parse=str.upper,
        validator=validators.in_(METHODS),
    )
    rest_async_health_url: str = setting(
        either(
            "REST_ASYNC_HEALTH_URL",
            "REST_ASYNC_HEALTH_ENDPOINT",
            "WORKER_REST_ASYNC_HEALTH_ENDPOINT",
        ),
        "/health",
        "the path to ask whether the service is there",
        parse=path,
    )
    rest_async_request_template: dict[str, Any] | None = setting(
        either("REST_ASYNC_REQUEST_TEMPLATE"),
        None,
        "the body to send, as JSON in which texts that begin with $ are JSONPath into the job",
        parse=json_object,
    )
    rest_async_response_template: dict[str, Any] | None = setting(
        either("REST_ASYNC_RESPONSE_TEMPLATE"),
        None,
        "the result, likewise with JSONPath into the answer; the whole answer if not set",
        parse=json_object,
    )
    rest_async_files: str | None = setting(
        either("REST_ASYNC_FILES"),
        None,
        "JSONPath to files in the answer: base64 or data: URLs",
    )
    rest_async_poll_interval_ms: int = setting(
        either(
            "REST_ASYNC_POLLING_INTERVAL_MS",
            scaled("WORKER_REST_ASYNC_POLL_INTERVAL", 1000),
            scaled("REST_ASYNC_POLL_INTERVAL", 1000),
        ),
        2000,
        "milliseconds between two questions for the status",
        validator=validators.ge(1),
    )
    rest_async_completion_endpoint: str = setting(
        either(
            "REST_ASYNC_COMPLETION_ENDPOINT",
            "WORKER_REST_ASYNC_STATUS_ENDPOINT",
            "REST_ASYNC_STATUS_ENDPOINT",
        ),
        "/status",
        "the path of the status; the id follows it, or stands for {id} in it",
        parse=path,
    )
    rest_async_result_endpoint: str | None = setting(
        either("REST_ASYNC_RESULT_ENDPOINT"),
        None,
        "the path of the result, likewise, where the status does not bring it",
        parse=path,
    )
    rest_async_cancel_endpoint: str | None = setting(
        either("REST_ASYNC_CANCEL_ENDPOINT"),
        None,
        "the path to POST to when a job is cancelled, likewise",
        parse=path,
    )
    rest_async_id_field: str | None = setting(
        either("REST_ASYNC_ID_FIELD"),
        None,
        "name or JSONPath of the id in the first answer; without it, the usual names",
    )
    rest_async_status_field: str = setting(
        either("REST_ASYNC_STATUS_FIELD"), "status", "name or JSONPath of the status"
    )
    rest_async_result_field: str = setting(
        either("REST_ASYNC_RESULT_FIELD"), "result", "name or JSONPath of the result"
    )
    rest_async_progress_field: str = setting(
        either("REST_ASYNC_PROGRESS_FIELD"), "progress", "name or JSONPath of the percentage"
    )
    rest_async_callback_url: str | None = setting(
        either("REST_ASYNC_CALLBACK_URL"),
        None,
        "how the service reaches this agent's callbacks, such as http://gpu-7.example.com:9000",
        parse=http_url,
    )
    rest_async_callback_port: int = setting(
        either("REST_ASYNC_CALLBACK_PORT"),
        0,
        "the port to hear callbacks on; 0: any free one",
        validator=PORT_OR_ANY,
    )
    rest_async_callback_host: str = setting(
        either("REST_ASYNC_CALLBACK_HOST"), "127.0.0.1", "the address to hear callbacks on"
    )
