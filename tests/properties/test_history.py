"""However hubs and workers race, the history of every job keeps the promises."""

import asyncio
import os
from contextlib import AsyncExitStack
from random import Random

import pytest
from redis.asyncio import Redis

from hub.store.keys import key
from hub.store.lanes import lane_of
from shared.states import TERMINAL
from tests.properties.cast import NEEDS, WORKERS
from tests.properties.history import Line, Replay, counted_twice, lost
from tests.properties.race import Hub, Racer, running_hub
from tests.support.audit import audit_indexes
from tests.support.store import spec
from tests.support.waiting import wait_until

JOBS = int(os.environ.get("EMP_RACE_JOBS", "1000"))
"""A multiple of four; EMP_RACE_JOBS sets more for a longer race."""
CASTING = ("broad", "between", "narrow", "twin", "broad") * 4
WITHIN_S = 20 + JOBS / 20
LANE_OF = {needs: lane_of(spec(requirement=each)).id for needs, each in NEEDS.items()}
SERVED = sorted(WORKERS["broad"].can)


async def client_of(hub: Hub, count: int, chance: Random) -> set[str]:
    """Submits jobs, cancels one now and then; the jobs that were accepted."""
    accepted: list[str] = []
    for _ in range(count):
        flow = chance.choice([None, None, "f1", "f2", "f3"])
        submitted = await hub.dispatcher.submit(
            spec(
                requirement=NEEDS[chance.choice(SERVED)], priority=chance.randint(-2, 2),
                workflow_id=flow, step_number=chance.randint(0, 3),
            )
        )  # fmt: skip
        accepted.append(submitted.job_id)
        if chance.random() < 0.05:
            await hub.jobs.cancel(chance.choice(accepted), "enough")
    return set(accepted)


async def all_ended(hub: Hub) -> bool:
    counts = await hub.views.counts()
    return sum(counts[state] for state in TERMINAL) == JOBS


async def raced(hubs: list[Hub], chance: Random) -> tuple[set[str], list[Racer]]:
    """What was accepted, when all has ended, and who raced."""
    racers = [
        Racer(f"{role} {n}", WORKERS[role], hubs[n % 2], hubs, chance)
        for n, role in enumerate(CASTING)
    ]
    async with asyncio.TaskGroup() as tasks:
        for racer in racers:
            await racer.join(tasks)
        accepted = await asyncio.gather(
            *(client_of(hubs[n % 2], JOBS // 4, chance) for n in range(4))
        )
        await wait_until(lambda: all_ended(hubs[0]), WITHIN_S)
    return {job_id for each in accepted for job_id in each}, racers


@pytest.mark.timeout(60 + 2 * WITHIN_S)
async def test_a_race_of_hubs_and_workers_loses_nothing_and_keeps_the_order(
    redis_url: str, client: Redis
) -> None:
    chance = Random(1)  # noqa: S311 - chance, not a secret
    async with AsyncExitStack() as stack:
        hubs = [await stack.enter_async_context(running_hub(redis_url)) for _ in range(2)]
        accepted, racers = await raced(hubs, chance)
    entries: list[tuple[str, dict[str, str]]] = await client.xrange(key("audit")) or []  # pyright: ignore[reportAssignmentType] - decoded
    lines = [Line.read(entry) for _, entry in entries]
    replay = Replay(
        {racer.worker_id: {LANE_OF[needs] for needs in racer.part.can} for racer in racers}
    )
    replay.read(lines)
    claims = sum(line.verb == "claim" for line in lines)
    print(f"\n{JOBS} jobs, {len(CASTING)} workers, 2 hubs: {claims} claims, {len(lines)} steps")  # noqa: T201 - for `make race`
    assert replay.found == []
    assert lost(lines, accepted) == set()
    assert counted_twice(lines) == set()
    assert {line.job for line in lines} == accepted
    replies = [reply for racer in racers for reply in racer.replies]
    assert {
        (lease.job_id, lease.attempt, lease.id) for lease, reply in replies if reply != "superseded"
    } == {(line.job, line.attempt, line.lease) for line in lines if line.verb == "complete"}
    assert await audit_indexes(client) == []
    assert {"superseded", "adopted", "completed"} <= {reply for _, reply in replies}
    assert {line.verb for line in lines} >= {
        "reap",
        "renew",
        "release",
        "fail",
        "promote",
        "cancel",
    }
