"""How a connection ends, over a socket that does what the test says."""

import asyncio
from pathlib import Path

import pytest
from attrs import define

from hub.artifacts.values import Values
from hub.sessions import Connection
from hub.sessions import outbox as outbox_module
from hub.sessions.pieces import Pieces
from shared.messages import Message
from tests.support.scripted_socket import ScriptedSocket
from tests.support.waiting import wait_until

UNKNOWN = {"type": "websocket.receive", "text": '{"type": "coffee"}'}
PING = {"type": "websocket.receive", "text": '{"type": "ping"}'}
GONE = {"type": "websocket.disconnect", "code": 1006}


@define
class Stranger:
    """A peer of which nothing is expected."""

    greeting: str = "hello"

    def speaker(self) -> str | None:
        return None

    async def unsaid(self, _: Message, __: str, /) -> bool:
        return False

    def is_in_turn(self, _: Message, /) -> bool:
        return False

    async def hear(self, message: Message) -> None:
        raise ValueError(f"{message.type} was not expected")

    async def depart(self) -> None: ...


@pytest.fixture
def socket() -> ScriptedSocket:
    return ScriptedSocket()


@pytest.fixture
async def connection(socket: ScriptedSocket) -> Connection:
    return Connection(socket, Pieces(Path("nowhere"), 0, Values(Path("nowhere"))))


async def test_a_peer_that_leaves_ends_its_connection(
    connection: Connection, socket: ScriptedSocket
) -> None:
    socket.reads.set()
    running = asyncio.create_task(connection.run(Stranger()))
    socket.said.put_nowait(UNKNOWN)
    await wait_until(lambda: socket.types == ["connection_established", "unknown"])
    socket.said.put_nowait(GONE)
    await running
    assert "websocket.close" not in {message["type"] for message in socket.heard}


async def test_what_is_still_to_be_said_goes_before_the_close(
    connection: Connection, socket: ScriptedSocket
) -> None:
    running = asyncio.create_task(connection.run(Stranger()))
    socket.said.put_nowait(UNKNOWN)
    await wait_until(socket.said.empty)
    connection.end(1013, "come back")
    connection.end(1011, "too late")
    socket.said.put_nowait(GONE)
    socket.reads.set()
    await running
    assert "unknown" in socket.types
    assert socket.heard[-1] == {"type": "websocket.close", "code": 1013, "reason": "come back"}


async def test_a_peer_that_does_not_read_is_sent_away(
    connection: Connection, socket: ScriptedSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "LIMIT", 3)
    slow = Connection(socket, Pieces(Path("nowhere"), 0, Values(Path("nowhere"))))
    running = asyncio.create_task(slow.run(Stranger()))
    for _ in range(6):
        socket.said.put_nowait(UNKNOWN)
    await wait_until(socket.said.empty)
    socket.reads.set()
    await running
    assert socket.heard[-1] == {
        "type": "websocket.close", "code": 1013, "reason": "this peer does not read what it is sent",
    }  # fmt: skip


async def test_a_peer_that_never_reads_holds_nobody_for_long(
    connection: Connection, socket: ScriptedSocket
) -> None:
    running = asyncio.create_task(connection.run(Stranger()))
    connection.end(1013, "come back")
    async with asyncio.timeout(5):
        await running
    assert socket.heard == []


@pytest.mark.parametrize("leaves_as_well", [False, True])
async def test_a_peer_that_is_lost_while_it_is_spoken_to_ends_its_connection(
    connection: Connection, socket: ScriptedSocket, *, leaves_as_well: bool
) -> None:
    socket.is_lost = True
    if leaves_as_well:
        socket.said.put_nowait(GONE)
    socket.reads.set()
    async with asyncio.timeout(5):
        await connection.run(Stranger())
    assert socket.heard == []


async def test_what_a_peer_said_last_may_be_left_undone(socket: ScriptedSocket) -> None:
    """Whatever the moment in which the connection ends: a frame may have come and not begun."""
    for ends_after in range(8):
        connection = Connection(socket, Pieces(Path("nowhere"), 0, Values(Path("nowhere"))))
        running = asyncio.create_task(connection.run(Stranger()))
        for _ in range(ends_after):
            await asyncio.sleep(0)
        connection.end(1013, "come back")
        for _ in range(5):
            socket.said.put_nowait(PING)
            await asyncio.sleep(0)
        socket.reads.set()
        await running
        assert socket.heard[-1]["code"] == 1013
