"""Whether a service is there before any job is."""

from agent.connectors.base import ConnectorError
from agent.connectors.rest.sending import Call, Sender
from shared.states import ErrorClass

_NO_SUCH_PATH = frozenset({404, 405})


async def check(service: Sender, path: str) -> None:
    """Raise `ConnectorError` unless the service answers; not all have a path for this question."""
    try:
        await service.send(Call(method="GET", path=path))
    except ConnectorError as problem:
        if problem.details.get("status") in _NO_SUCH_PATH:
            return
        raise ConnectorError(
            f"no service that is well at {service.url}: {problem.message}; start it, or set the "
            "connector's base URL and credentials",
            error_class=ErrorClass.ENGINE_CRASH,
        ) from problem
