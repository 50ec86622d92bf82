"""Names of variables, and what more than one group of settings checks."""

import json
from typing import Any, cast

KINDS = ("none", "basic", "bearer", "api_key")
METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE")
RESPONSE_FORMATS = ("json", "text", "binary")


def either(name: str, *others: str) -> tuple[str, ...]:
    """Return a variable's names: with `WORKER_` before it, without, and by other names."""
    return (f"WORKER_{name}", name, *others)


def http_url(text: str) -> str:
    """Read an address. Raises `ValueError` for one that is not http or https."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("an address such as http://127.0.0.1:7860 is needed")
    return text.rstrip("/")


def socket_url(text: str) -> str:
    """Read the address of a WebSocket; http and https are taken for it."""
    scheme, _, rest = text.partition("://")
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    if scheme not in schemes or not rest:
        raise ValueError("an address such as ws://127.0.0.1:8080/jobs is needed")
    return f"{schemes[scheme]}://{rest}"


def path(text: str) -> str:
    """Read a path on the service."""
    if not text.startswith("/") or text.startswith("//"):
        raise ValueError("a path such as /api/process is needed")
    return text


def json_object(text: str) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"JSON is needed: {error}") from None
    if not isinstance(value, dict):
        raise ValueError('a JSON object such as {"prompt": "$.payload.text"} is needed')  # noqa: TRY004 - readers of settings raise ValueError
    return cast("dict[str, Any]", value)
