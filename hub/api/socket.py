"""The WebSocket doors: `/ws/{worker|client|monitor}/{id}`, and `/?type=&id=` as the original has it."""

from typing import Any
from uuid import uuid4

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException

from hub.api.guards import admit_socket
from hub.doors import Role
from hub.parts import Parts
from hub.sessions import AgentPeer, ClientPeer, Connection
from hub.sessions.connection import TRY_LATER
from hub.sessions.pieces import Pieces
from hub.sessions.refusals import ID_RULE, PEER_ID

INVALID = 1008
"""Close code for a key that opens nothing, and for what is not spoken here."""

AnySocket = WebSocket[Any, Any, Any]
ROLES = {"worker": Role.WORKER, "client": Role.CLIENT, "monitor": Role.CLIENT}


@websocket("/ws/worker/{peer_id:str}")
async def worker_socket(socket: AnySocket, parts: NamedDependency[Parts]) -> None:
    """One agent's connection. Its workers register by message."""
    await _serve(socket, parts, "worker", socket.path_params["peer_id"])


@websocket("/ws/client/{peer_id:str}")
async def client_socket(socket: AnySocket, parts: NamedDependency[Parts]) -> None:
    """A client: it submits jobs and is told of them."""
    await _serve(socket, parts, "client", socket.path_params["peer_id"])


@websocket("/ws/monitor/{peer_id:str}")
async def monitor_socket(socket: AnySocket, parts: NamedDependency[Parts]) -> None:
    """A monitor: it is told how the whole system is."""
    await _serve(socket, parts, "monitor", socket.path_params["peer_id"])


@websocket("/")
async def any_socket(socket: AnySocket, parts: NamedDependency[Parts]) -> None:
    """The original's address: a client, unless `type` says otherwise; an id of its own, or a new one."""
    query = socket.query_params
    await _serve(socket, parts, query.get("type") or "client", query.get("id") or str(uuid4()))


async def _serve(socket: AnySocket, parts: Parts, kind: str, peer_id: str) -> None:
    await socket.accept()  # a refusal after the handshake can say why
    refusal = _refusal(socket, parts, kind, peer_id)
    if refusal is not None:
        await socket.close(*refusal)
        return
    connection = Connection(socket, Pieces(parts.settings.hub_data_dir / "pieces"))
    if kind == "worker":
        agent = AgentPeer(parts.desk, parts.registry, parts.counter, connection, peer_id)
        with parts.crowd.joined_by(connection):
            await connection.run(agent)
        return
    with (
        parts.crowd.joined_by(connection),
        parts.counter.audience.present(kind, peer_id, connection.say),
    ):
        await connection.run(ClientPeer(parts.counter, connection, peer_id, kind))


def _refusal(socket: AnySocket, parts: Parts, kind: str, peer_id: str) -> tuple[int, str] | None:
    if kind not in ROLES:
        return INVALID, "type: expected worker, client or monitor"
    if not PEER_ID.fullmatch(peer_id):
        return INVALID, f"id: {ID_RULE}"
    try:
        admit_socket(socket, ROLES[kind])
    except (NotAuthorizedException, PermissionDeniedException) as problem:
        return INVALID, f"Invalid authentication: {problem.detail}"[:120]
    if parts.crowd.is_full():
        return TRY_LATER, "Server overloaded: too many connections"
    return None
