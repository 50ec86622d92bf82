"""News: what Redis tells the hubs, through every loss of the connection."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress

import pytest
from attrs import frozen
from redis.asyncio import Redis

from hub.store import news as news_module
from hub.store.jobs import Progress
from hub.store.keys import key
from hub.store.news import Event, News
from shared.states import JobState
from tests.support.proxies import LossyProxy
from tests.support.store import Hand, Store, spec
from tests.support.waiting import wait_until


@frozen
class Ear:
    """A running subscription and what it has heard."""

    news: News
    heard: list[list[str]]


@asynccontextmanager
async def listening(store: Store, url: str) -> AsyncGenerator[Ear]:
    heard: list[list[str]] = []
    news = News(store.client, url, heard.append)
    running = asyncio.create_task(news.run())
    try:
        yield Ear(news, heard)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):  # it was just asked to end so
            await running


@pytest.fixture
async def ear(store: Store, redis_url: str) -> AsyncGenerator[Ear]:
    async with listening(store, redis_url) as ear:
        await wait_until(lambda: ear.heard)
        yield ear


async def followed(news: News, job_id: str, after: str = "0") -> list[Event]:
    async with aclosing(news.follow(job_id, after)) as events:
        return [event async for event in events if event is not None]


async def test_the_words_of_each_piece_of_news_are_heard(store: Store, ear: Ear) -> None:
    assert ear.heard == [["gap"]]
    submitted = await store.jobs.submit(spec())
    await wait_until(lambda: ear.heard[1:] == [["lane", submitted.lane]])


async def test_a_lost_connection_is_a_gap_and_news_go_on(
    store: Store, client: Redis, ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await wait_until(lambda: ear.heard == [["gap"], ["gap"]])
    assert "no news from Redis" in caplog.text
    submitted = await store.jobs.submit(spec())
    await wait_until(lambda: ear.heard[2:] == [["lane", submitted.lane]])


async def test_names_that_are_half_a_surrogate_pair_are_heard(store: Store, ear: Ear) -> None:
    await store.hand("\ud83d", session="s1")
    await store.hand("\ud83d", session="s2")
    await wait_until(lambda: ear.heard[1:] == [["evict", "s1", "\ud83d"]])


async def test_a_job_is_followed_from_its_start_to_its_end(
    store: Store, hand: Hand, ear: Ear
) -> None:
    submitted = await store.jobs.submit(spec())
    following = asyncio.create_task(followed(ear.news, submitted.job_id))
    (claimed,) = await hand.claim()
    await store.jobs.start(claimed.lease)
    await store.jobs.progress(
        claimed.lease, Progress(12.5, "step", '{"seed":18446744073709551616}')
    )
    await store.jobs.complete(claimed.lease, "{}")
    events = await following
    assert [each.event for each in events] == [
        "submitted", "claimed", "started", "progress", "completed",
    ]  # fmt: skip
    first, *_, progress, last = events
    assert (first.status, first.attempt, first.worker_id) == (JobState.PENDING, 0, None)
    assert (progress.progress, progress.message, progress.details) == (
        12.5,
        "step",
        {"seed": 2**64},
    )
    assert (last.status, last.attempt, last.worker_id) == (JobState.COMPLETED, 1, "w1")
    assert (last.progress, last.message, last.details) == (None, None, None)
    assert last.at >= first.at


async def test_a_job_is_followed_on_from_an_event(store: Store, hand: Hand, ear: Ear) -> None:
    lease = await hand.put(JobState.COMPLETED)
    events = await followed(ear.news, lease.job_id)
    assert await followed(ear.news, lease.job_id, events[0].id) == events[1:]
    assert await followed(ear.news, lease.job_id, events[-1].id) == []


async def test_a_job_that_is_not_there_has_no_events(ear: Ear) -> None:
    assert await followed(ear.news, "nobody") == []


async def test_a_reader_that_leaves_does_not_silence_the_others(
    store: Store, client: Redis, ear: Ear
) -> None:
    job_id = (await store.jobs.submit(spec())).job_id
    channel = key("events", job_id)
    other = asyncio.create_task(followed(ear.news, job_id))
    async with aclosing(ear.news.follow(job_id, "0")) as events:
        first = await anext(events)
        assert first is not None
        assert first.event == "submitted"
    assert await _subscribed(client, channel)
    await store.jobs.cancel(job_id, "enough")
    assert [each.event for each in await other] == ["submitted", "cancelled"]
    await wait_until(lambda: _nobody_reads(client))


async def test_a_reader_hears_now_and_then_that_there_is_nothing_new(
    store: Store, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news_module, "FALLBACK_S", 0.01)
    job_id = (await store.jobs.submit(spec())).job_id
    async with aclosing(ear.news.follow(job_id, "0")) as events:
        assert await anext(events) is not None
        assert await anext(events) is None


async def test_a_reader_misses_nothing_while_the_connection_is_away(
    store: Store, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news_module, "FALLBACK_S", 0.01)
    async with LossyProxy(redis_url).running() as proxy:
        gone = proxy.url
    async with listening(store, gone) as ear:
        job_id = (await store.jobs.submit(spec())).job_id
        following = asyncio.create_task(followed(ear.news, job_id))
        await store.jobs.cancel(job_id, "enough")
        assert [each.event for each in await following] == ["submitted", "cancelled"]
        assert ear.heard == []


async def test_a_reader_is_subscribed_again_after_a_lost_connection(
    store: Store, client: Redis, ear: Ear
) -> None:
    job_id = (await store.jobs.submit(spec())).job_id
    following = asyncio.create_task(followed(ear.news, job_id))
    channel = key("events", job_id)
    await wait_until(lambda: _subscribed(client, channel))
    await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await wait_until(lambda: ear.heard.count(["gap"]) == 2)
    assert await _subscribed(client, channel)
    await store.jobs.cancel(job_id, "enough")
    assert [each.event for each in await following] == ["submitted", "cancelled"]


async def _nobody_reads(client: Redis) -> bool:
    return await client.pubsub_channels() == [key("news")]


async def _subscribed(client: Redis, channel: str) -> bool:
    return channel in await client.pubsub_channels()


async def test_every_reader_of_a_job_hears_its_end(store: Store, ear: Ear) -> None:
    job_id = (await store.jobs.submit(spec())).job_id
    following = [asyncio.create_task(followed(ear.news, job_id)) for _ in range(3)]
    await store.jobs.cancel(job_id, "enough")
    for events in await asyncio.gather(*following):
        assert [each.event for each in events] == ["submitted", "cancelled"]


async def test_a_reader_that_leaves_does_not_silence_who_watches_the_job(
    store: Store, hand: Hand, ear: Ear
) -> None:
    lease = await hand.take()
    told: list[str] = []
    ear.news.watched.told = told.append
    await ear.news.watched.add(lease.job_id)
    reader = ear.news.follow(lease.job_id, "0")
    assert await anext(reader) is not None
    await reader.aclose()
    await store.jobs.start(lease)
    await wait_until(lambda: lease.job_id in told)


async def test_who_watches_no_more_does_not_silence_a_reader(
    store: Store, hand: Hand, client: Redis, ear: Ear
) -> None:
    lease = await hand.take()
    watched = ear.news.watched
    await watched.add(lease.job_id)
    reader = ear.news.follow(lease.job_id, "0")
    assert await anext(reader) is not None
    await watched.drop(lease.job_id)
    assert await _subscribed(client, key("events", lease.job_id))
    await reader.aclose()
