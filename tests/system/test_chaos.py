"""Random faults on real processes while jobs come in: none is lost, done twice or given out of turn."""

import asyncio
import json
import os
from collections import Counter
from random import Random
from typing import Any

import pytest
from redis.asyncio import Redis

from hub.store.keys import key
from shared.states import TERMINAL, JobState
from tests.properties.history import Line, Replay, counted_twice, lost
from tests.support.audit import audit_indexes
from tests.support.waiting import wait_until
from tests.system.chaos import Nemesis
from tests.system.chaos_client import TYPES, ChaosClient
from tests.system.conftest import Site, valkey_url

SECONDS = float(os.environ.get("EMP_CHAOS_S", "15"))
"""How long faults happen; EMP_CHAOS_S sets more."""
SEED = int(os.environ.get("EMP_CHAOS_SEED", "1"))
"""Repeats the faults and the jobs of a run, though not its timing."""
DRAIN_S = 60.0
HUB = {"HUB_PREFER_PASSES": "0", "HUB_MAX_LOSSES": "1000"}
"""The order is strict, and no job is given up."""
SERVES = {"both-1": TYPES, "both-2": TYPES, "only-a": ("a",)}

pytestmark = [pytest.mark.system, pytest.mark.timeout(2 * SECONDS + DRAIN_S + 120)]


def agents() -> dict[str, dict[str, str]]:
    return {
        worker_id: {
            "WORKER_SIMULATION_JOB_TYPE": ",".join(types),
            "WORKER_MAX_CONCURRENT_JOBS": "4",
        }
        for worker_id, types in SERVES.items()
    }


async def until_all_has_ended(store: Redis) -> None:
    async def is_so() -> bool:
        open_ = [state for state in JobState if state not in TERMINAL]
        return not any([await store.zcard(key("by_status", state)) for state in open_])

    await wait_until(is_so, DRAIN_S)


async def broken_promises(store: Redis, job_ids: list[str]) -> list[Any]:
    """What the history shows that must never be."""
    entries: list[Any] = await store.xrange(key("audit")) or []
    lines = [Line.read(entry) for _, entry in entries]
    lanes: dict[Any, Any] = await store.hgetall(key("lanes"))
    served = {lane: json.loads(needs)["service_type"] for lane, needs in lanes.items()}
    replay = Replay(
        {
            worker_id: {lane for lane, type_ in served.items() if type_ in types}
            for worker_id, types in SERVES.items()
        }
    )
    replay.read(lines)
    print(dict(Counter(line.verb for line in lines)))  # noqa: T201 - for `make chaos`
    acknowledged = set(job_ids)
    strangers = {line.job for line in lines} - acknowledged
    twice = [job_id for job_id, count in Counter(job_ids).items() if count > 1]
    failed = {line.job for line in lines if line.target == JobState.FAILED}
    return [
        *replay.found, *lost(lines, acknowledged), *counted_twice(lines), *strangers, *twice, *failed,
        *await audit_indexes(store),
    ]  # fmt: skip


async def test_whatever_goes_wrong_each_job_ends_once_and_in_turn(site: Site) -> None:
    print(f"\nEMP_CHAOS_SEED={SEED}")  # noqa: T201 - tells how to repeat it
    chance = Random(SEED)  # noqa: S311 - chance, not a secret
    site.hub.kill()
    await site.start_hub(**HUB)
    nemesis = Nemesis(site, Random(chance.random()), agents())  # noqa: S311 - the same
    await nemesis.begin()
    clients = [ChaosClient(site, f"c{n}", Random(chance.random()), per_s=12) for n in range(3)]  # noqa: S311 - the same
    until_s = asyncio.get_running_loop().time() + SECONDS
    faults = asyncio.create_task(nemesis.run(until_s))
    await asyncio.gather(faults, *(each.run(until_s) for each in clients))
    job_ids = [job_id for each in clients for job_id in each.job_ids]
    async with Redis.from_url(valkey_url(site.data_dir / "valkey"), decode_responses=True) as store:
        await until_all_has_ended(store)
        assert await broken_promises(store, job_ids) == []
    resent = sum(each.resent for each in clients)
    print(f"{len(job_ids)} jobs, {len(nemesis.told)} faults, {resent} requests sent again")  # noqa: T201 - for `make chaos`
    assert nemesis.told
