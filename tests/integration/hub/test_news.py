"""What Redis tells the hubs, and what happens when the line is cut."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import pytest
from attrs import define, field
from redis.asyncio import Redis

from hub.store import news
from hub.store.jobs import Jobs, Progress
from hub.store.keys import key
from hub.store.news import Event, News
from shared.states import JobState
from tests.support.hubs import SLOW_S
from tests.support.store import Store, spec
from tests.support.waiting import wait_until

Read = list[Event | None]


@define
class Listener:
    """A hub's ear."""

    news: News
    heard: list[list[str]] = field(factory=list)

    @property
    def gaps(self) -> int:
        return self.heard.count(["gap"])


@pytest.fixture
async def listener(store: Store, redis_url: str) -> AsyncGenerator[Listener]:
    heard: list[list[str]] = []
    listener = Listener(News(store.client, redis_url, heard.append), heard)
    running = asyncio.create_task(listener.news.run())
    await wait_until(lambda: listener.gaps)
    yield listener
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def cut(client: Redis) -> None:
    """End every subscription, as a restart of the server does."""
    assert await client.client_kill_filter(_type="pubsub", skipme=False)


def names(read: Read) -> list[str]:
    return [event.event for event in read if event is not None]


async def all_of(news_: News, job_id: str, read: Read) -> None:
    async for event in news_.follow(job_id, "0"):
        read.append(event)


async def test_a_lane_that_gets_work_is_news(store: Store, listener: Listener) -> None:
    submitted = await store.jobs.submit(spec())
    await wait_until(lambda: ["lane", submitted.lane] in listener.heard)


async def test_cancels_and_evictions_are_news_with_their_words(
    store: Store, listener: Listener
) -> None:
    hand = await store.hand("w1", session="s1")
    lease = await hand.take()
    await store.jobs.cancel(lease.job_id, "enough")
    await store.hand("w1", session="s2")
    await wait_until(lambda: ["evict", "s1", "w1"] in listener.heard)
    assert ["cancel", lease.job_id, "w1"] in listener.heard


async def test_after_a_cut_the_gap_is_told_and_news_go_on(
    store: Store, listener: Listener, client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await cut(client)
    await wait_until(lambda: listener.gaps == 2)
    assert "no news from Redis" in caplog.text
    submitted = await store.jobs.submit(spec())
    await wait_until(lambda: ["lane", submitted.lane] in listener.heard)


async def test_readers_go_on_through_a_cut(
    store: Store, listener: Listener, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "FALLBACK_S", SLOW_S)
    submitted = await store.jobs.submit(spec())
    read: Read = []
    reading = asyncio.create_task(all_of(listener.news, submitted.job_id, read))
    await wait_until(lambda: read)
    await cut(client)
    await wait_until(lambda: listener.gaps == 2)
    await store.jobs.cancel(submitted.job_id, "enough")
    await reading
    assert names(read) == ["submitted", "cancelled"]


async def test_what_happens_while_the_line_is_cut_is_read_afterwards(
    store: Store, listener: Listener, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "FALLBACK_S", SLOW_S)
    submitted = await store.jobs.submit(spec())
    read: Read = []
    reading = asyncio.create_task(all_of(listener.news, submitted.job_id, read))
    await wait_until(lambda: read)
    await cut(client)
    await store.jobs.cancel(submitted.job_id, "enough")
    await reading
    assert names(read) == ["submitted", "cancelled"]


async def test_without_any_line_readers_look_by_themselves(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "FALLBACK_S", 0.01)
    deaf = News(store.client, "redis://127.0.0.1:1", print)
    submitted = await store.jobs.submit(spec())
    read: Read = []
    reading = asyncio.create_task(all_of(deaf, submitted.job_id, read))
    await wait_until(lambda: None in read)
    await store.jobs.cancel(submitted.job_id, "enough")
    await reading
    assert names(read) == ["submitted", "cancelled"]


async def test_a_line_that_cannot_be_had_is_tried_again_until_it_can(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[list[str]] = []
    running = asyncio.create_task(News(store.client, "redis://127.0.0.1:1", heard.append).run())
    await wait_until(lambda: caplog.text.count("trying again") >= 2)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert heard == []


async def test_subscriptions_end_with_the_last_reader(
    store: Store, listener: Listener, client: Redis
) -> None:
    submitted = await store.jobs.submit(spec())
    channel = key("events", submitted.job_id)

    async def subscribed() -> int:
        ((_, number),) = await client.pubsub_numsub(channel)
        return number

    reads: list[Read] = [[], []]
    reading = [asyncio.create_task(all_of(listener.news, submitted.job_id, read)) for read in reads]
    await wait_until(lambda: all(reads))
    await wait_until(subscribed)
    reading[0].cancel()
    await asyncio.gather(reading[0], return_exceptions=True)
    assert await subscribed() == 1
    await store.jobs.cancel(submitted.job_id, "enough")
    await reading[1]

    async def is_over() -> bool:
        return await subscribed() == 0

    await wait_until(is_over)


async def test_an_event_says_what_the_store_knows(store: Store, listener: Listener) -> None:
    hand = await store.hand()
    lease = await hand.take()
    await store.jobs.start(lease)
    await Jobs(store.client).progress(lease, Progress(12.5, "half", '{"n": 1}'))
    await store.jobs.complete(lease, "{}")
    read: Read = []
    await all_of(listener.news, lease.job_id, read)
    events = [event for event in read if event is not None]
    assert [event.status for event in events] == [
        JobState.PENDING, JobState.ASSIGNED, JobState.IN_PROGRESS, JobState.IN_PROGRESS,
        JobState.COMPLETED,
    ]  # fmt: skip
    first, progress = events[0], events[3]
    assert (first.worker_id, first.attempt, first.progress, first.details) == (None, 0, None, None)
    assert (progress.progress, progress.message, progress.details) == (12.5, "half", {"n": 1})
