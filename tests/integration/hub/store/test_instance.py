"""A hub serves from a Redis that is fit, and that is its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from hub.store import instance as instance_module
from hub.store.instance import UnfitStoreError, can_write, check
from hub.store.keys import key
from tests.support.store import Store, spec


@asynccontextmanager
async def configured(client: Redis, name: str, value: str, usual: str) -> AsyncGenerator[None]:
    await client.config_set(name, value)
    try:
        yield
    finally:
        await client.config_set(name, usual)


async def test_a_new_queue_is_marked_on_both_sides(
    store: Store, client: Redis, tmp_path: Path
) -> None:
    await check(store.client, tmp_path)
    marker = (tmp_path / "instance").read_text().strip()
    assert len(marker) == 32
    assert await client.get(key("instance")) == marker


async def test_the_known_queue_is_served_again(store: Store, tmp_path: Path) -> None:
    await check(store.client, tmp_path)
    await store.jobs.submit(spec())
    async with store.unchanged():
        await check(store.client, tmp_path)


async def test_a_hub_without_a_memory_takes_the_queue_that_is_there(
    store: Store, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        await check(store.client, tmp_path / name)
    assert (tmp_path / "a" / "instance").read_text() == (tmp_path / "b" / "instance").read_text()


async def test_hubs_that_start_together_agree_on_the_queue(store: Store, tmp_path: Path) -> None:
    homes = [tmp_path / str(number) for number in range(5)]
    for home in homes:
        home.mkdir()
    await asyncio.gather(*(check(store.client, home) for home in homes))
    assert len({(home / "instance").read_text() for home in homes}) == 1


async def test_an_empty_redis_in_place_of_the_known_one_is_refused(
    store: Store, client: Redis, tmp_path: Path
) -> None:
    await check(store.client, tmp_path)
    await client.flushall()
    async with store.unchanged():
        with pytest.raises(UnfitStoreError, match=r"this Redis is empty.*delete that file"):
            await check(store.client, tmp_path)


async def test_another_queue_in_place_of_the_known_one_is_refused(
    store: Store, client: Redis, tmp_path: Path
) -> None:
    await check(store.client, tmp_path)
    await client.set(key("instance"), "another")
    with pytest.raises(UnfitStoreError, match=r"another queue.*use another HUB_DATA_DIR"):
        await check(store.client, tmp_path)


async def test_a_redis_that_would_drop_jobs_is_refused(
    store: Store, client: Redis, tmp_path: Path
) -> None:
    async with configured(client, "maxmemory-policy", "allkeys-lru", "noeviction"):
        with pytest.raises(UnfitStoreError, match=r"allkeys-lru.*set it to noeviction"):
            await check(store.client, tmp_path)
    assert not (tmp_path / "instance").exists()


async def test_a_redis_that_keeps_nothing_on_disk_is_warned_of(
    store: Store, client: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await check(store.client, tmp_path)
    assert caplog.text == ""
    async with configured(client, "appendonly", "no", "yes"):
        await check(store.client, tmp_path)
    assert "keeps no append-only file" in caplog.text


async def test_a_redis_that_is_too_old_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_module, "OLDEST", (99, 0))
    with pytest.raises(UnfitStoreError, match=r"Redis [0-9.]+ is too old"):
        await check(store.client, tmp_path)
    assert not (tmp_path / "instance").exists()


async def test_the_probe_of_writing_vanishes_by_itself(store: Store, client: Redis) -> None:
    await can_write(store.client)
    assert 0 < await client.pttl(key("probe")) <= 60_000
