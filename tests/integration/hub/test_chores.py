"""Periodic work is done by one hub at a time, goes on through every loss, and is told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import pytest
from attrs import define, evolve, field

from hub import chores as chores_module
from hub.chores import NOTED_EVERY_S, Chore, Chores
from hub.store.client import Client, StoreUnavailableError
from hub.store.duties import Duties
from hub.store.keys import key
from hub.store.views import Views
from tests.support.hubs import RunningHub
from tests.support.waiting import wait_until


@define
class Work:
    """Something to do, which may fail."""

    runs: int = 0
    result: str = ""
    problem: Exception | None = None

    async def __call__(self) -> str:
        self.runs += 1
        if self.problem is not None:
            raise self.problem
        return self.result


@define
class Two:
    """Two hubs with the same table."""

    chores: list[Chores]
    works: list[Work]
    clock_s: float = field(default=0)


@pytest.fixture
async def two(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Two]:
    client = Client.connect(redis_url)
    await client.open()
    monkeypatch.setattr(chores_module, "TERM_S", 0.3)
    works = [Work(), Work()]
    both = Two([], works)
    for name, work in zip(("one", "two"), works, strict=True):
        table = (Chore("work", 0.01, work), Chore("own", 0.01, work, is_own=True))
        both.chores.append(
            Chores(name, Duties(client), Views(client), table[:1], lambda: both.clock_s)
        )
    yield both
    await client.close()


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):  # it was just asked to end so
        await task


async def test_one_hub_works_and_when_it_stops_the_other_does(two: Two) -> None:
    first = asyncio.create_task(two.chores[0].run())
    await wait_until(lambda: two.works[0].runs > 2)
    second = asyncio.create_task(two.chores[1].run())
    await wait_until(lambda: two.works[0].runs > 10)
    assert (two.chores[1].is_leading, two.works[1].runs) == (False, 0)
    await ended(first)
    await wait_until(lambda: two.works[1].runs > 2)
    assert (two.chores[0].is_leading, two.chores[1].is_leading) == (False, True)
    await ended(second)
    assert await two.chores[0].duties.leader() is None


async def test_what_is_about_its_own_disk_every_hub_does(two: Two) -> None:
    await two.chores[0].duties.lead("somebody", 60)
    own = evolve(two.chores[0], table=(Chore("own", 0.01, two.works[0], is_own=True),))
    running = asyncio.create_task(own.run())
    await wait_until(lambda: two.works[0].runs > 2)
    assert list(await own.duties.runs()) == ["own of one"]
    await ended(running)
    assert await own.duties.leader() == "somebody"


async def test_work_goes_on_through_the_loss_of_the_store(
    two: Two, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chores, (work, _) = two.chores[0], two.works
    running = asyncio.create_task(chores.run())
    await wait_until(lambda: work.runs > 0)
    with monkeypatch.context() as away:

        async def fail(*_: object) -> bool:
            raise StoreUnavailableError("away")

        work.problem = StoreUnavailableError("away")
        await wait_until(lambda: "work: away" in caplog.messages)
        away.setattr(Duties, "lead", fail)
        await wait_until(lambda: not chores.is_leading)
    assert "cannot stand for the lead: away" in caplog.messages
    work.problem = None
    await wait_until(lambda: chores.is_leading)
    await ended(running)


async def test_a_fault_of_one_chore_is_told_and_stops_no_other(
    two: Two, caplog: pytest.LogCaptureFixture
) -> None:
    chores, (work, _) = two.chores[0], two.works
    work.problem = ValueError("a fault of ours")
    await chores.do(chores.table[0])
    assert (await chores.duties.runs())["work"].result == "failed: a fault of ours"
    assert "work failed" in caplog.messages


async def test_a_run_is_noted_when_it_did_something_and_else_now_and_then(two: Two) -> None:
    chores, (work, _) = two.chores[0], two.works
    chore = chores.table[0]

    async def noted() -> str:
        return (await chores.duties.runs())["work"].result

    await chores.do(chore)
    assert await noted() == "nothing to do"
    work.result = "3 removed"
    await chores.do(chore)
    assert await noted() == "3 removed"
    work.result = ""
    await chores.do(chore)
    assert await noted() == "3 removed"
    two.clock_s += NOTED_EVERY_S
    await chores.do(chore)
    assert await noted() == "nothing to do"


async def test_the_status_tells_every_chore_and_who_does_it(hub: RunningHub) -> None:
    chores = hub.parts.chores
    before = (await hub.rest.get("/system/status")).json()
    assert (before["leader"], before["hub"]["leads"]) == (None, False)
    assert {each["last_run"] for each in before["chores"]} == {None}
    await chores.duties.lead(chores.hub, 60)
    await hub.worker()
    await hub.submit()
    for chore in chores.table:
        await chores.do(chore)
    told = (await hub.rest.get("/system/status")).json()
    assert told["leader"] == told["hub"]["id"] == chores.hub
    assert (told["jobs"]["pending"], told["workers"]) == (1, {"idle": 1})
    results = {each["name"]: each["last_run"]["result"] for each in told["chores"]}
    assert results["audit"] == "1 jobs, no difference"
    assert set(results) == {
        "expired leases", "due jobs", "deadlines", "retention", "lost workers", "audit", "vacant workflows",
        "lost machines", "connected machines", "orphaned artifacts",
    }  # fmt: skip
    assert all(each["every_s"] <= 3600 for each in told["chores"])


async def test_a_difference_between_jobs_and_indexes_is_told(hub: RunningHub) -> None:
    redis = hub.parts.client.redis
    await redis.zadd(key("delayed"), {"stranger": 1})
    (audit,) = [each for each in hub.parts.chores.table if each.name == "audit"]
    told = await audit.work()
    assert told.startswith("failed: 1 differences in 0 jobs: stranger stands in")
    await redis.flushall()
