"""Writes are gathered over a turn of the loop, and none is lost or late."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from shared.gathering import LARGE, Gathering


class Peer(asyncio.Protocol):
    """Keeps what comes, in the pieces in which it came."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)

    def eof_received(self) -> None:
        self.ended.set()


class Counted:
    """A transport that tells how much it is given at once."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.writes: list[int] = []

    def write(self, data: bytes) -> None:
        self.writes.append(len(data))
        self.transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


class Ends:
    """Both ends of a connection: ours gathers."""

    def __init__(self, transport: asyncio.Transport, peer: Peer) -> None:
        self.below = Counted(transport)
        self.peer = peer
        self.ours = Gathering(self.below, asyncio.get_running_loop().call_soon)


@pytest.fixture
async def ends() -> AsyncGenerator[Ends]:
    loop, peer = asyncio.get_running_loop(), Peer()
    server = await loop.create_server(lambda: peer, "127.0.0.1", 0)
    transport, _ = await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
    async with server:
        yield Ends(transport, peer)
        transport.abort()


async def test_what_is_written_in_one_turn_goes_out_as_one_in_its_order(ends: Ends) -> None:
    for each in (b"a", b"b", b"c"):
        ends.ours.write(each)
    assert ends.below.writes == []
    await asyncio.sleep(0)
    ends.ours.write(b"d")
    ends.ours.write_eof()
    await ends.peer.ended.wait()
    assert ends.below.writes == [3, 1]
    assert b"".join(ends.peer.pieces) == b"abcd"


async def test_what_is_large_waits_for_nothing(ends: Ends) -> None:
    ends.ours.write(b"a")
    ends.ours.write(b"b" * LARGE)
    assert ends.below.writes == [1 + LARGE]
    assert ends.ours.get_write_buffer_size() >= 0  # as the transport itself tells it
    ends.ours.close()
    await ends.peer.ended.wait()
    assert b"".join(ends.peer.pieces) == b"a" + b"b" * LARGE


async def test_a_close_comes_behind_what_was_written(ends: Ends) -> None:
    ends.ours.write(b"goodbye")
    ends.ours.close()
    await ends.peer.ended.wait()
    assert ends.peer.pieces == [b"goodbye"]


async def test_nothing_is_written_to_what_was_cut(ends: Ends) -> None:
    ends.ours.write(b"too late")
    ends.ours.abort()
    await asyncio.sleep(0)
    assert ends.below.writes == []
