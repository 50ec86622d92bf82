"""The agents' door: `/ws/worker/{id}`, and `/?type=worker&id=` as workers of the original do."""

from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

from hub.api.guards import workers
from hub.parts import Parts
from hub.sessions import Connection

INVALID = 1008
"""Close code for a key that opens nothing, and for what is not spoken here."""

AnySocket = WebSocket[Any, Any, Any]


@websocket("/ws/worker/{worker_id:str}")
async def worker_socket(socket: AnySocket, parts: NamedDependency[Parts]) -> None:
    """One agent's connection. Its workers register by message."""
    await _serve(socket, parts)


@websocket("/")
async def any_socket(socket: AnySocket, parts: NamedDependency[Parts]) -> None:
    """The original's address."""
    if socket.query_params.get("type") != "worker":
        await socket.accept()
        await socket.close(INVALID, "type: only worker is spoken here")
        return
    await _serve(socket, parts)


async def _serve(socket: AnySocket, parts: Parts) -> None:
    await socket.accept()  # a refusal after the handshake can say why
    try:
        await workers(socket, socket.route_handler)
    except (NotAuthorizedException, PermissionDeniedException) as problem:
        await socket.close(INVALID, f"Invalid authentication: {problem.detail}"[:120])
        return
    await Connection(parts.desk, parts.registry, socket).run()
