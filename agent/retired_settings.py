"""Names that the original knew and nothing reads here, each with what to set instead."""

_UNDERWAY = "take it out: the hub tells workers of jobs at once, nobody polls"
_IN_WORKFLOW = "take it out: the SaveImage node of each workflow says it"
_HTTPS = "set {} to an address that begins with https:// or wss://"
_ADDRESS = "set HUB_URL to the whole address, such as https://hub.example.com"

_NAMED = {
    "HUB_REDIS_URL": "set HUB_URL: workers speak to the hub alone, and hold no key of Redis",
    "REDIS_API_HOST": _ADDRESS,
    "REDIS_API_PORT": _ADDRESS,
    "USE_SSL": _HTTPS.format("HUB_URL"),
    "WORKER_POLL_INTERVAL_MS": _UNDERWAY,
    "JOB_POLL_INTERVAL_SECONDS": _UNDERWAY,
    "MAX_RECONNECT_ATTEMPTS": (
        "take it out: the hub is tried for ever, at least every RECONNECT_INTERVAL_SECONDS"
    ),
    "MAX_PROCESSING_TIME_MINUTES": (
        "set MAX_JOB_TIMEOUT_MINUTES on the hub, or timeout_minutes of a job"
    ),
    "MAX_CONCURRENT_CUSTOMERS": "set WORKER_MAX_CONCURRENT_JOBS: no more customers are served at once",
    "SERVICE_HEALTH_TIMEOUT_SECONDS": (
        "set WORKER_COMFYUI_TIMEOUT_SECONDS, or that of another connector"
    ),
    "TEST_GPUS": "set WORKER_GPUS",
    "MOCK_GPU": "set WORKER_GPUS=none and WORKER_CONNECTORS=simulation",
    "SERVER_CREDS": "take it out: credentials of an image stay with who builds it",
    "WORKER_COMFYUI_IMAGE_FORMAT": _IN_WORKFLOW,
    "WORKER_COMFYUI_IMAGE_QUALITY": _IN_WORKFLOW,
    "WORKER_COMFYUI_SAVE_WORKFLOW": _IN_WORKFLOW,
    "WORKER_COMFYUI_KEEP_CONNECTION": "take it out: connections are kept as long as they hold",
    "WORKER_A1111_ENABLE_API": "take it out: A1111 is spoken to by its API alone",
    "WORKER_A1111_JOB_TYPE": "take it out: its jobs have the type a1111",
    "WORKER_A1111_CONNECTION_TIMEOUT": "set WORKER_A1111_GRACE_SECONDS",
    "WORKER_COMFYUI_JOB_TYPE": "take it out: its jobs have the type comfyui",
    "WORKER_REST_USE_SSL": _HTTPS.format("WORKER_REST_SYNC_BASE_URL"),
    "WORKER_REST_ASYNC_USE_SSL": _HTTPS.format("WORKER_REST_ASYNC_BASE_URL"),
    "WORKER_REST_CONNECTION_TIMEOUT": "set WORKER_REST_SYNC_TIMEOUT_SECONDS",
}
RETIRED = _NAMED | {
    name.removeprefix("WORKER_"): instead
    for name, instead in _NAMED.items()
    if name.startswith(("WORKER_COMFYUI_", "WORKER_A1111_", "WORKER_REST_"))
}
