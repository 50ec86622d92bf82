"""What is told of jobs to those who follow them, whatever happens to the store meanwhile."""

import asyncio

import pytest

from hub.sessions import feed as module
from hub.sessions.feed import Feed
from hub.store.client import StoreUnavailableError
from hub.store.glances import Glance, Glances
from tests.support.hubs import RunningHub


@pytest.fixture
def heard() -> "asyncio.Queue[Glance]":
    return asyncio.Queue()


async def next_of(heard: "asyncio.Queue[Glance]") -> Glance:
    async with asyncio.timeout(20):
        return await heard.get()


async def test_a_change_that_could_not_be_read_is_told_later(
    hub: RunningHub, heard: "asyncio.Queue[Glance]", monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await hub.submit()
    at, failures = Glances.at, iter([StoreUnavailableError("away")])

    async def flaky(*arguments: object, **more: object) -> Glance | None:
        if failure := next(failures, None):
            raise failure
        return await at(*arguments, **more)  # pyright: ignore[reportArgumentType] - passed on

    monkeypatch.setattr(Glances, "at", flaky)
    await hub.parts.counter.feed.follow(job_id, heard.put_nowait)
    assert (await next_of(heard)).job_id == job_id


async def test_who_follows_twice_hears_once_and_who_leaves_twice_leaves(
    hub: RunningHub, heard: "asyncio.Queue[Glance]"
) -> None:
    feed, listener = hub.parts.counter.feed, heard.put_nowait
    job_id = await hub.submit()
    for _ in range(2):
        await feed.follow(job_id, listener)
        await feed.follow_every(listener)
    await feed.leave_every(listener)
    assert (await next_of(heard)).status == "pending"
    for _ in range(2):
        await feed.leave(job_id, listener)
        await feed.leave_every(listener)
    other = asyncio.Queue[Glance]()
    await feed.follow(job_id, other.put_nowait)
    assert (await next_of(other)).job_id == job_id
    await feed.leave(job_id, other.put_nowait)
    assert heard.empty()


async def test_one_of_two_followers_leaves_and_the_other_hears_on(
    hub: RunningHub, heard: "asyncio.Queue[Glance]"
) -> None:
    feed, other = hub.parts.counter.feed, asyncio.Queue[Glance]()
    job_id = await hub.submit()
    await feed.follow(job_id, heard.put_nowait)
    await feed.follow(job_id, other.put_nowait)
    await next_of(other)
    await feed.leave(job_id, other.put_nowait)
    await next_of(heard)
    await hub.parts.jobs.cancel(job_id, "enough")
    assert (await next_of(heard)).status == "cancelled"
    assert other.empty()


async def test_a_job_that_is_removed_is_not_told(
    hub: RunningHub, heard: "asyncio.Queue[Glance]"
) -> None:
    feed, job_id = hub.parts.counter.feed, await hub.submit()
    await feed.follow("removed", heard.put_nowait)
    await feed.follow(job_id, heard.put_nowait)
    assert (await next_of(heard)).job_id == job_id
    await feed.leave("removed", heard.put_nowait)


async def test_so_many_changes_wait_and_the_oldest_are_dropped(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_DIRTY", 2)
    monkeypatch.setattr(module, "AT_ONCE", 1)
    counter, heard = hub.parts.counter, asyncio.Queue[Glance]()
    ids = [await hub.submit() for _ in range(3)]
    feed = Feed(hub.parts.news.watched, counter.glances)
    await feed.follow_every(heard.put_nowait)
    for job_id in ids:
        feed.told(job_id)
    running = asyncio.create_task(feed.run())
    assert [(await next_of(heard)).job_id for _ in range(2)] == ids[1:]
    running.cancel()
    await feed.leave_every(heard.put_nowait)
