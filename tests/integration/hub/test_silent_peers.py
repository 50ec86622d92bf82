"""Peers that are silent or do not read: they are cut off, and nobody else notices."""

import asyncio
import socket as sockets
from collections.abc import Generator
from pathlib import Path

import pytest

from hub import protocols
from hub.listening import USER_TIMEOUT_MS, listen
from hub.sessions import outbox as outbox_module
from tests.support.hubs import RunningHub, running_hub
from tests.support.waiting import wait_until

PATIENCE_S = 20
HANDSHAKE = (
    b"GET /ws/worker/w1 HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def masked(text: bytes) -> bytes:
    """A text frame as a client sends it, under a mask of zeros."""
    return bytes([0x81, 0x80 | len(text)]) + bytes(4) + text


@pytest.fixture
def peer(hub: RunningHub) -> Generator[sockets.socket]:
    """A bare connection that reads only when the test says so."""
    with sockets.socket() as peer:
        peer.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", int(hub.url.rpartition(":")[2])))
        peer.setblocking(False)  # noqa: FBT003 - the only spelling
        yield peer


async def rest_of(peer: sockets.socket) -> bytes:
    """All that comes until the hub hangs up."""
    loop, heard = asyncio.get_running_loop(), b""
    async with asyncio.timeout(PATIENCE_S):
        try:
            while piece := await loop.sock_recv(peer, 65536):
                heard += piece
        except ConnectionResetError:
            pass
    return heard


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: h"])
async def test_who_does_not_say_what_it_wants_is_cut_off(
    hub: RunningHub, peer: sockets.socket, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    with sockets.socket() as other, monkeypatch.context() as impatient:
        impatient.setattr(protocols, "HEADER_S", 0.2)
        other.connect(peer.getpeername())
        other.setblocking(False)  # noqa: FBT003 - the only spelling
        await asyncio.get_running_loop().sock_sendall(other, said)
        assert await rest_of(other) == b""
    assert (await hub.rest.get("/health")).status_code == 200


async def test_the_head_of_a_second_request_is_due_as_well(
    hub: RunningHub, peer: sockets.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(peer, b"GET /health HTTP/1.1\r\nHost: hub\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        assert (await loop.sock_recv(peer, 65536)).startswith(b"HTTP/1.1 200")
    monkeypatch.setattr(protocols, "HEADER_S", 0.2)
    await loop.sock_sendall(peer, b"GET /health HTTP/1.1\r\n")
    await rest_of(peer)


async def test_who_never_reads_is_sent_its_close_frame_and_cut_off(
    hub: RunningHub, peer: sockets.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "LIMIT", 50)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(peer, HANDSHAKE)
    await wait_until(lambda: hub.parts.crowd.inside)
    frame = masked(b'{"type":"' + b"x" * 100 + b'"}') * 1000

    async def pester() -> None:
        while hub.parts.crowd.inside:
            await loop.sock_sendall(peer, frame)

    pestering = asyncio.create_task(pester())
    await wait_until(lambda: not hub.parts.crowd.inside)
    heard = await rest_of(peer)
    pestering.cancel()
    await asyncio.gather(pestering, return_exceptions=True)
    reason = b"this peer does not read what it is sent"
    assert heard.endswith(bytes([0x88, 2 + len(reason)]) + (1013).to_bytes(2, "big") + reason)
    assert (await hub.rest.get("/health")).status_code == 200


async def test_who_never_reads_at_all_is_cut_off_after_a_while(
    hub: RunningHub, peer: sockets.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "LINGER_S", 0.2)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(peer, HANDSHAKE)
    await wait_until(lambda: hub.parts.crowd.inside)
    server_side = next(iter(hub.parts.crowd.inside))
    server_side.end(1013, "enough")
    await wait_until(lambda: not hub.parts.crowd.inside)
    assert b"enough" in await rest_of(peer)


async def test_who_answers_no_ping_is_cut_off(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "LINGER_S", 0.2)
    loop = asyncio.get_running_loop()
    async with running_hub(redis_url, tmp_path, connection_timeout_ms=400) as hub:
        with sockets.socket() as peer:
            peer.connect(("127.0.0.1", int(hub.url.rpartition(":")[2])))
            peer.setblocking(False)  # noqa: FBT003 - the only spelling
            await loop.sock_sendall(peer, HANDSHAKE)
            await wait_until(lambda: hub.parts.crowd.inside)
            heard = await rest_of(peer)
        assert b"\x89" in heard.partition(b"\r\n\r\n")[2]  # the ping
        await wait_until(lambda: not hub.parts.crowd.inside)


def test_who_acknowledges_nothing_is_given_up_by_the_kernel() -> None:
    with listen("127.0.0.1", 0) as listening:
        listening.listen()
        with sockets.create_connection(listening.getsockname()) as peer:
            accepted, _ = listening.accept()
            with accepted:
                option = accepted.getsockopt(sockets.IPPROTO_TCP, sockets.TCP_USER_TIMEOUT)
                assert option == USER_TIMEOUT_MS
            assert peer.recv(1) == b""
