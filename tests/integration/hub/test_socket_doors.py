"""The WebSocket addresses: who gets in, under which names, and what a refusal says."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from shared.messages import RequestStats, ResponseStats
from tests.integration.hub.test_app import PATIENCE_S, process
from tests.support.hubs import RunningHub, running_hub
from tests.support.wire_client import client_of
from tests.support.wire_worker import connected

CLIENT, WORKER = "canary-key-of-clients", "canary-token-of-workers"


@pytest.fixture
async def closed(redis_url: str, tmp_path: Path) -> AsyncGenerator[RunningHub]:
    """A hub with keys."""
    async with running_hub(
        redis_url, tmp_path, hub_api_keys=(CLIENT,), hub_worker_tokens=(WORKER,)
    ) as hub:
        yield hub


async def refusal(hub: RunningHub, path: str, **options: str) -> tuple[int | None, str | None]:
    """The close code and the reason."""
    async with connect(hub.url.replace("http", "ws") + path, **options) as socket:  # pyright: ignore[reportArgumentType] - an Origin is a str
        async with asyncio.timeout(PATIENCE_S):
            await socket.wait_closed()
        return socket.close_code, socket.close_reason


@pytest.mark.parametrize(
    "path",
    ["/ws/client/c1", "/ws/monitor/c1", "/?type=client&id=c1", "/?type=monitor&id=c1", "/?id=c1"],
)
async def test_clients_and_monitors_come_in_by_their_key(closed: RunningHub, path: str) -> None:
    sign = "&" if "?" in path else "?"
    for shown in (f"{path}{sign}token={CLIENT}", f"{path}{sign}auth={CLIENT}"):
        async with client_of(closed.url, shown) as client:
            await client.send(RequestStats())
            told = (await client.expect(ResponseStats)).stats["connections"]
            assert told["clients"] + told["monitors"] == ["c1"]
    headers = {"Authorization": f"Bearer {CLIENT}"}
    async with client_of(closed.url, path, additional_headers=headers):
        pass
    for wrong in (path, f"{path}{sign}token={WORKER}"):
        code, reason = await refusal(closed, wrong)
        assert (code, str(reason)[:22]) == (1008, "Invalid authentication")


@pytest.mark.parametrize("kind", ["client", "monitor", "worker"])
async def test_the_token_of_the_original_opens_every_web_socket(
    redis_url: str, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "websockets.client")
    caplog.set_level(logging.WARNING, "httpx")
    async with running_hub(
        redis_url, tmp_path, hub_api_keys=(CLIENT,), ws_auth_tokens=(WORKER,)
    ) as hub:
        headers = {"Authorization": f"Bearer {WORKER}"}
        async with client_of(hub.url, f"/ws/{kind}/p1", additional_headers=headers):
            pass
        for shown in (f"/ws/{kind}/p1?token={WORKER}", f"/?type={kind}&id=p1&auth={WORKER}"):
            async with client_of(hub.url, shown):
                pass
        for wrong in (f"/ws/{kind}/p1", f"/ws/{kind}/p1?token={WORKER}x"):
            assert (await refusal(hub, wrong))[0] == 1008
        answer = await hub.rest.get("/jobs", headers=headers)
        assert answer.status_code == 401
    assert WORKER not in caplog.text


async def test_who_shows_a_key_may_be_a_page_of_any_origin(closed: RunningHub) -> None:
    async with client_of(closed.url, f"/ws/monitor/m1?token={CLIENT}", origin="null"):
        pass
    assert (await refusal(closed, "/ws/monitor/m1?token=wrong", origin="null"))[0] == 1008


async def test_a_page_of_another_origin_stays_out_of_an_open_hub(hub: RunningHub) -> None:
    for path in ("/ws/monitor/m1", "/ws/client/c1", "/?type=monitor&token=any"):
        code, reason = await refusal(hub, path, origin="https://elsewhere.example")
        assert (code, "other origins" in str(reason)) == (1008, True)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/?type=robot", "type: expected worker, client or monitor"),
        ("/ws/client/a%20b", "id: expected 1 to 128 letters"),
        ("/?type=worker&id=" + "x" * 129, "id: expected 1 to 128 letters"),
    ],
)
async def test_an_address_at_fault_is_named(hub: RunningHub, path: str, problem: str) -> None:
    code, reason = await refusal(hub, path)
    assert code == 1008
    assert problem in str(reason)


async def test_a_hub_that_is_full_says_so(redis_url: str, tmp_path: Path) -> None:
    async with running_hub(redis_url, tmp_path, hub_max_connections=1) as hub:
        async with connected(hub.url):
            assert await refusal(hub, "/ws/client/c1") == (
                1013, "Server overloaded: too many connections",
            )  # fmt: skip

        async def is_let_in() -> bool:
            async with connect(hub.url.replace("http", "ws") + "/ws/client/c1") as socket:
                return "connection_established" in str(await socket.recv())

        async with asyncio.timeout(PATIENCE_S):
            while not await is_let_in():
                pass


async def test_web_sockets_may_have_a_port_of_their_own(tmp_path: Path, redis_url: str) -> None:
    async with process(tmp_path, REDIS_URL=redis_url, WS_PORT="0") as hub:
        assert hub.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            lines = [(await hub.stdout.readline()).decode() for _ in range(2)]
        first, second = (re.sub(r".* ", "", line.strip()) for line in lines)
        assert first.startswith("http://")
        assert second.startswith("ws://")
        for url in (first, second):
            async with connected(url.replace("ws://", "http://")) as worker:
                await worker.register()


async def test_a_port_for_web_sockets_that_is_taken_is_named(
    tmp_path: Path, redis_url: str, hub: RunningHub
) -> None:
    port = hub.url.rpartition(":")[2]
    async with process(tmp_path, REDIS_URL=redis_url, WS_PORT=port) as other:
        async with asyncio.timeout(PATIENCE_S):
            _, told = await other.communicate()
    assert other.returncode == 1
    assert "choose another WS_PORT" in told.decode()
