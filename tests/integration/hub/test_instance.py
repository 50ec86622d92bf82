"""A hub serves from the Redis that it knows, and from no other."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ResponseError

from hub.store.client import Client, StoreFullError, StoreUnavailableError
from hub.store.instance import UnfitStoreError, can_write, check
from hub.store.keys import key


@pytest.fixture
async def store(redis_url: str) -> AsyncGenerator[Client]:
    client = Client.connect(redis_url)
    await client.open()
    yield client
    await client.redis.config_set("maxmemory-policy", "noeviction")
    await client.redis.config_set("maxmemory", "0")
    await client.close()


def marker(data_dir: Path) -> Path:
    return data_dir / "instance"


async def test_the_first_hub_marks_both_and_the_next_finds_its_own(
    store: Client, tmp_path: Path
) -> None:
    await check(store, tmp_path)
    known = marker(tmp_path).read_text().strip()
    assert await store.command("GET", key("instance")) == known
    await check(store, tmp_path)
    assert marker(tmp_path).read_text().strip() == known


async def test_a_second_hub_joins_the_queue(store: Client, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    await check(store, tmp_path)
    await check(store, other)
    assert marker(other).read_text() == marker(tmp_path).read_text()


async def test_an_empty_store_in_the_place_of_the_known_one_is_refused(
    store: Client, tmp_path: Path
) -> None:
    await check(store, tmp_path)
    await store.redis.flushall()
    with pytest.raises(UnfitStoreError, match=r"this Redis is empty, but .*instance remembers"):
        await check(store, tmp_path)
    assert await store.command("GET", key("instance")) is None
    marker(tmp_path).unlink()
    await check(store, tmp_path)


async def test_a_foreign_store_is_refused(store: Client, tmp_path: Path) -> None:
    await check(store, tmp_path)
    await store.redis.set(key("instance"), "another")
    with pytest.raises(UnfitStoreError, match=r"holds another queue .* another HUB_DATA_DIR"):
        await check(store, tmp_path)


@pytest.mark.parametrize("other", [None, "another"])
async def test_a_store_that_comes_back_without_the_queue_is_not_served_from(
    redis_url: str, store: Client, tmp_path: Path, other: str | None
) -> None:
    running = Client.connect(redis_url, patience_s=0.1)
    await check(running, tmp_path)
    assert await running.command("INCR", key("seq")) == 1
    await store.redis.flushall()
    if other:
        await store.redis.set(key("instance"), other)
    await _cut_off(store)
    with pytest.raises(StoreUnavailableError, match="is empty, or holds another queue"):
        await running.command("INCR", key("seq"))
    assert await store.command("GET", key("seq")) is None
    await store.redis.set(key("instance"), marker(tmp_path).read_text().strip())
    assert await running.command("INCR", key("seq")) == 1
    await running.close()


async def test_a_store_that_refuses_to_tell_whose_it_is_is_not_served_from(
    redis_url: str, store: Client, tmp_path: Path
) -> None:
    running = Client.connect(redis_url)
    await check(running, tmp_path)
    await store.redis.delete(key("instance"))
    await store.redis.rpush(key("instance"), "no text")
    await _cut_off(store)
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await running.command("INCR", key("seq"))
    await running.close()


async def _cut_off(store: Client) -> None:
    """Every connection but our own."""
    await store.redis.execute_command("CLIENT", "KILL", "TYPE", "normal")


async def test_a_store_that_would_drop_jobs_is_refused(store: Client, tmp_path: Path) -> None:
    await store.redis.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(UnfitStoreError, match=r"allkeys-lru.*: set it to noeviction"):
        await check(store, tmp_path)
    assert not marker(tmp_path).exists()


@pytest.mark.parametrize("version", ["6.2.14", "5.0.0"])
async def test_a_store_that_is_too_old_is_refused(
    store: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    told(store, monkeypatch, redis_version=version)
    with pytest.raises(UnfitStoreError, match=f"Redis {version} is too old: 7.0 or newer"):
        await check(store, tmp_path)


async def test_a_store_that_keeps_nothing_on_disk_is_warned_of(
    store: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await check(store, tmp_path)
    assert caplog.text == ""
    told(store, monkeypatch, aof_enabled=0)
    await check(store, tmp_path)
    assert "jobs would be lost" in caplog.text


async def test_a_full_store_cannot_be_written(store: Client) -> None:
    await can_write(store)
    await store.redis.config_set("maxmemory", "1")
    with pytest.raises(StoreFullError):
        await can_write(store)


def told(store: Client, monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:
    """Let the server say this of itself."""
    command = type(store).command

    async def changed(client: Client, *words: str | float) -> Any:
        answer = await command(client, *words)
        return answer | facts if words == ("INFO",) else answer

    monkeypatch.setattr(type(store), "command", changed)
