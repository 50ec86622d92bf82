"""Faults of services with a REST interface as errors; `docs/connectors.md` has the table."""

from collections.abc import Mapping

import httpx

from agent.connectors.base import ConnectorError
from shared.states import ErrorClass

_EXCERPT = 500  # characters
_CLASSES: Mapping[int, ErrorClass] = {
    401: ErrorClass.NETWORK,
    403: ErrorClass.NETWORK,
    407: ErrorClass.NETWORK,
    408: ErrorClass.NETWORK,
    425: ErrorClass.NETWORK,
    429: ErrorClass.NETWORK,
    502: ErrorClass.NETWORK,
    503: ErrorClass.NETWORK,
    504: ErrorClass.NETWORK,
}
_CLIENT_ERRORS = range(400, 500)


class RetryableError(ConnectorError):
    """A fault after which the same request may be sent again; `wait_s` as the service asked."""

    def __init__(self, problem: ConnectorError, *, wait_s: float | None) -> None:
        super().__init__(problem.message, error_class=problem.error_class, details=problem.details)
        self.wait_s = wait_s


def refusal(path: str, response: httpx.Response) -> ConnectorError:
    """Return the error for an answer that has been read and is not 2xx."""
    status, text = response.status_code, response.text[:_EXCERPT].strip()
    return ConnectorError(
        f"{path} answered {status}: {text or response.reason_phrase}",
        error_class=error_class(status, text),
        details={"status": status, "body": text},
    )


def error_class(status: int, text: str) -> ErrorClass:
    """Return the class of a failure that is told by a status and a text."""
    if "out of memory" in text.lower():
        return ErrorClass.OUT_OF_MEMORY
    if "CUDA error" in text:
        return ErrorClass.CUDA
    if status in _CLASSES:
        return _CLASSES[status]
    return ErrorClass.VALIDATION if status in _CLIENT_ERRORS else ErrorClass.INTERNAL


def unreachable(url: str, error: httpx.TransportError, timeout_s: float) -> ConnectorError:
    """Return the error for a request without a whole answer."""
    if isinstance(error, httpx.ReadTimeout):
        return ConnectorError(
            f"{url} did not answer in {timeout_s:g} s", error_class=ErrorClass.HANG
        )
    return ConnectorError(
        f"{url} cannot be reached, or broke the connection: {error or type(error).__name__}",
        error_class=ErrorClass.NETWORK,
    )
