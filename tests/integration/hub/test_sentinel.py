"""Over Redis Sentinel: calls and news are for the master, whichever server that is."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from hub.store import connecting
from hub.store import news as news_module
from hub.store.client import Client, StoreUnavailableError
from hub.store.keys import key
from hub.store.news import News, publish
from tests.integration.hub.test_doctor import doctor
from tests.support.sentinels import Watched, watched
from tests.support.store import asked
from tests.support.waiting import wait_until

SUBMIT = asked()
SECRET = "a-secret-of-some-length"


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncGenerator[Watched]:
    async with watched(tmp_path) as servers:
        yield servers


@asynccontextmanager
async def connected(url: str, patience_s: float = 20) -> AsyncGenerator[Client]:
    client = Client.connect(url, patience_s)
    try:
        await client.open()
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def hearing(client: Client, url: str) -> AsyncGenerator[list[list[str]]]:
    heard: list[list[str]] = []
    running = asyncio.create_task(News(client, url, heard.append).run())
    try:
        await wait_until(lambda: heard)
        yield heard
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):  # it was just asked to end so
            await running


async def test_calls_and_news_go_to_the_new_master_when_the_old_one_falls_silent(
    servers: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not hang up: its host has lost its power, or its network."""
    monkeypatch.setattr(connecting, "CALL_TIMEOUT_S", 0.3)
    monkeypatch.setattr(news_module, "QUIET_S", 0.3)
    async with (
        connected(servers.url) as client,
        hearing(client, servers.url) as heard,
        connected(servers.url) as other,
    ):
        assert (await client.script("submit", "first", *SUBMIT))[0] == "submitted"
        await servers.catch_up()
        os.kill(servers.master.popen.pid, signal.SIGSTOP)
        again = await client.script("submit", "first", *SUBMIT)
        assert again[0] == "submitted", "the reply that was kept under the operation id"
        assert (await other.script("submit", "second", *asked("j2")))[:2] == ["submitted", 1]
        await wait_until(lambda: heard.count(["gap"]) > 1)
        await publish(other, "room j2")
        await wait_until(lambda: ["room", "j2"] in heard)
        async with servers.replica.client() as master:
            assert await master.get(key("seq")) == "2"
            assert await master.xlen(key("audit")) == 2


async def test_a_master_that_was_made_a_replica_is_not_used(servers: Watched) -> None:
    """The Sentinels do not know yet, and name it on."""
    impatient = Client.connect(servers.url, patience_s=0.1)
    async with connected(servers.url) as client, servers.master.client() as plain:
        assert await client.command("GET", key("seq")) is None
        await plain.replicaof("127.0.0.1", "1")  # nobody there: it serves what it has, and waits
        call = asyncio.create_task(client.script("submit", "the-operation", *SUBMIT))
        with pytest.raises(StoreUnavailableError, match="is slave, not master"):
            await impatient.command("GET", key("seq"))
        with pytest.raises(StoreUnavailableError, match="is slave, not master"):
            await impatient.open()
        await impatient.close()
        await plain.replicaof("NO", "ONE")
        assert (await call)[:2] == ["submitted", 0]
        assert await plain.get(key("seq")) == "1"


async def test_a_master_without_enough_replicas_is_waited_for(servers: Watched) -> None:
    async with (
        connected(servers.url) as client,
        connected(servers.url, patience_s=0.1) as impatient,
        servers.master.client() as plain,
    ):
        await plain.config_set("min-replicas-to-write", 2)
        call = asyncio.create_task(client.script("submit", "the-operation", *SUBMIT))
        with pytest.raises(StoreUnavailableError, match="Not enough good replicas"):
            await impatient.command("INCR", key("seq"))
        await plain.config_set("min-replicas-to-write", 1)
        assert (await call)[:2] == ["submitted", 0]


async def test_what_sentinels_do_not_watch_is_unavailable(servers: Watched) -> None:
    for url, said in (
        (servers.url.replace("//", f"//:{SECRET}@").replace("/emp", "/other"), "'other'"),
        (f"redis+sentinel://127.0.0.1:1/emp?sentinel_password={SECRET}", "No master found"),
    ):
        client = Client.connect(url, patience_s=0.1)
        with pytest.raises(StoreUnavailableError, match=said) as problem:
            await client.command("PING")
        assert SECRET not in str(problem.value)
        await client.close()


async def test_the_doctor_looks_at_the_master_and_who_follows_it(servers: Watched) -> None:
    async with connected(servers.url), servers.master.client() as plain:
        _, said = await doctor("--redis-url", servers.url)
        assert "follow the master: 1; min-replicas-to-write is not set" in said
        await plain.config_set("min-replicas-to-write", 1)
        servers.replica.popen.kill()
        await wait_until(lambda: _is_alone(servers))
        _, said = await doctor("--redis-url", servers.url)
        assert "BAD no replica follows the master" in said


async def _is_alone(servers: Watched) -> bool:
    async with servers.master.client() as plain:
        return (await plain.info("replication"))["connected_slaves"] == 0
