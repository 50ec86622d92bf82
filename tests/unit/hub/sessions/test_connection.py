"""How a connection ends, over a socket that does what the test says."""

import asyncio
from typing import Any, cast

import pytest
from attrs import define, field

from hub.sessions import Connection, Registry
from hub.sessions import outbox as outbox_module
from hub.sessions.desk import Desk
from shared.wire import decode
from tests.support.waiting import wait_until

UNKNOWN = {"type": "websocket.receive", "text": '{"type": "coffee"}'}
GONE = {"type": "websocket.disconnect", "code": 1006}


@define
class ScriptedSocket:
    """The peer's side of an accepted socket."""

    said: asyncio.Queue[dict[str, Any]] = field(factory=asyncio.Queue)
    heard: list[dict[str, Any]] = field(factory=list)
    reads: asyncio.Event = field(factory=asyncio.Event)
    is_lost: bool = False

    async def receive(self) -> dict[str, Any]:
        return await self.said.get()

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        if self.is_lost:
            raise ConnectionResetError("gone")
        self.heard.append(message)

    @property
    def types(self) -> list[str]:
        texts = [message["text"] for message in self.heard if "text" in message]
        return [decode(text).type for text in texts]


@pytest.fixture
def socket() -> ScriptedSocket:
    return ScriptedSocket()


@pytest.fixture
async def connection(socket: ScriptedSocket) -> Connection:
    """Nobody registers on it, so that it needs no desk."""
    return Connection(cast("Desk", None), Registry(), socket)


async def test_a_peer_that_leaves_ends_its_connection(
    connection: Connection, socket: ScriptedSocket
) -> None:
    socket.reads.set()
    running = asyncio.create_task(connection.run())
    socket.said.put_nowait(UNKNOWN)
    await wait_until(lambda: socket.types == ["connection_established", "unknown"])
    socket.said.put_nowait(GONE)
    await running
    assert "websocket.close" not in {message["type"] for message in socket.heard}


async def test_what_is_still_to_be_said_goes_before_the_close(
    connection: Connection, socket: ScriptedSocket
) -> None:
    running = asyncio.create_task(connection.run())
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
    slow = Connection(connection.desk, connection.registry, socket)
    running = asyncio.create_task(slow.run())
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
    running = asyncio.create_task(connection.run())
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
        await connection.run()
    assert socket.heard == []
