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
from hub.sessions.connection import INVALID, TRY_LATER, ClosedError
from hub.sessions.crowd import REVOKED
from hub.sessions.pieces import Pieces
from hub.sessions.refusals import ID_RULE, PEER_ID
from hub.store.client import StoreUnavailableError

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
    try:
        machine = await _admitted(socket, parts, kind, peer_id)
    except ClosedError as refusal:
        await socket.close(refusal.code, refusal.reason)
        return
    frames_per_s = parts.settings.hub_max_frames_per_s
    connection = Connection(socket, _pieces(parts), parts.neighbours.copy, frames_per_s)
    if kind == "worker":
        agent = AgentPeer(parts.desk, parts.registry, parts.counter, connection, peer_id)
        with parts.crowd.joined_by(connection, machine):
            # Only now: whoever is revoked from here on is found among the connections.
            if machine and not await parts.machines.greet(machine, peer_id):
                connection.end(INVALID, REVOKED)
            await connection.run(agent)
        return
    with (
        parts.crowd.joined_by(connection),
        parts.counter.audience.present(kind, peer_id, connection.say),
    ):
        await connection.run(ClientPeer(parts.counter, connection, peer_id, kind))


def _pieces(parts: Parts) -> Pieces:
    return Pieces(
        parts.settings.hub_data_dir / "pieces",
        int(parts.settings.max_ws_message_size_mb * 2**20),
        parts.artifacts.values,
    )


async def _admitted(socket: AnySocket, parts: Parts, kind: str, peer_id: str) -> str | None:
    """The machine that has enrolled, or None for who shows another key. Raises `ClosedError`."""
    if kind not in ROLES:
        raise ClosedError(INVALID, "type: expected worker, client or monitor")
    if not PEER_ID.fullmatch(peer_id):
        raise ClosedError(INVALID, f"id: {ID_RULE}")
    try:
        machine = await admit_socket(socket, ROLES[kind])
    except (NotAuthorizedException, PermissionDeniedException) as problem:
        raise ClosedError(INVALID, f"Invalid authentication: {problem.detail}"[:120]) from problem
    except StoreUnavailableError as problem:
        raise ClosedError(TRY_LATER, "the store does not answer; come back") from problem
    if parts.crowd.is_full():
        raise ClosedError(TRY_LATER, "Server overloaded: too many connections")
    return machine
