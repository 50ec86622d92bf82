"""`emp-hub doctor` as it is run."""

import asyncio
import sys
from pathlib import Path

from redis.asyncio import Redis

from hub.store.duties import Duties, Run
from hub.store.keys import key
from tests.support.hubs import RunningHub


async def doctor(*flags: str) -> tuple[int, str]:
    """Its exit code, and what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub", "doctor", *flags,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def in_order(hub: RunningHub) -> None:
    """As if the hub's periodic work had run."""
    duties = Duties(hub.parts.client)
    await duties.lead("hub-1", 60)
    now = await hub.parts.views.now_ms()
    await duties.note("retention", Run(at=now, hub="hub-1", took_ms=1, result="nothing to do"))


async def test_a_sound_queue_is_well(redis_url: str, hub: RunningHub, client: Redis) -> None:
    await in_order(hub)
    await hub.submit()
    code, said = await doctor("--redis-url", redis_url)
    assert "BAD" not in said
    assert code == 0
    assert "hub hub-1 does the periodic work" in said
    assert "all indexes agree with the 1 jobs that are kept" in said


async def test_whatever_is_wrong_is_said_with_a_remedy(
    redis_url: str, hub: RunningHub, client: Redis
) -> None:
    await client.zadd(key("delayed"), {"stranger": 1})
    await client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        code, said = await doctor("--redis-url", redis_url)
    finally:
        await client.config_set("maxmemory-policy", "noeviction")
    assert code == 1
    for problem in (
        "set it to noeviction", "no hub does the periodic work",
        "no chore ran within 60 s", "stranger stands in", "1 differences between jobs and indexes",
    ):  # fmt: skip
        assert problem in said
    await client.flushall()


async def test_a_server_that_is_full_or_keeps_no_file_is_said(
    redis_url: str, hub: RunningHub, client: Redis
) -> None:
    await client.config_set("maxmemory", "1")
    await client.config_set("appendonly", "no")
    try:
        _, said = await doctor("--redis-url", redis_url)
    finally:
        await client.config_set("maxmemory", "0")
        await client.config_set("appendonly", "yes")
    assert "-> raise maxmemory" in said
    assert "-> set appendonly yes" in said


async def test_a_chore_that_failed_is_said(redis_url: str, hub: RunningHub, client: Redis) -> None:
    await in_order(hub)
    run = Run(at=1, hub="hub-1", took_ms=1, result="failed: no space")
    await Duties(hub.parts.client).note("audit", run)
    code, said = await doctor("--redis-url", redis_url)
    assert (code, "audit: failed: no space" in said) == (1, True)


async def test_without_a_server_it_says_so(tmp_path: Path) -> None:
    code, said = await doctor("--redis-url", f"unix://{tmp_path}/nobody.sock")
    assert (code, said.startswith("emp-hub: Redis does not answer")) == (1, True)


async def test_the_hubs_own_store_is_looked_at_whether_it_runs_or_not(tmp_path: Path) -> None:
    code, said = await doctor("--hub-data-dir", str(tmp_path))
    assert (code, "valkey" in said, "start one: emp-hub serve" in said) == (1, True, True)
