"""Who watches which jobs, over a subscription that comes and goes."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from redis.asyncio import Redis

from hub.store.keys import key
from hub.store.watched import Watched


@pytest.fixture
async def pubsub(client: Redis) -> AsyncGenerator[Any]:
    async with client.pubsub() as pubsub:
        yield pubsub


async def counts(client: Redis, *job_ids: str) -> tuple[list[int], int]:
    """How many listen to each of the jobs, and to all."""
    found = await client.pubsub_numsub(*[key("events", job_id) for job_id in job_ids])
    return [number for _, number in found], await client.pubsub_numpat()


async def test_the_last_watcher_ends_the_subscription(client: Redis, pubsub: Any) -> None:
    watched = Watched()
    await watched.opened(pubsub)
    for _ in range(2):
        await watched.add("a")
        await watched.add_every()
    assert await counts(client, "a") == ([1], 1)
    await watched.drop("a")
    await watched.drop_every()
    assert await counts(client, "a") == ([1], 1)
    await watched.drop("a")
    await watched.drop_every()
    assert await counts(client, "a") == ([0], 0)


async def test_a_new_connection_watches_the_same_and_what_may_have_changed_is_told(
    client: Redis, pubsub: Any
) -> None:
    told: list[str] = []
    watched = Watched(told.append)
    await watched.add("a")
    await watched.add("b")
    await watched.add_every()
    assert told == []
    await watched.opened(pubsub)
    assert told == ["a", "b"]
    assert await counts(client, "a", "b") == ([1, 1], 1)


async def test_of_a_channel_the_job_is_told() -> None:
    told: list[str] = []
    watched = Watched(told.append)
    watched.heard(key("events", "a"))
    watched.heard(key("news"))
    assert told == ["a"]


async def test_a_connection_that_is_lost_is_left_to_the_next(pubsub: Any) -> None:
    watched = Watched()
    watched.heard(key("events", "nobody listens"))
    await watched.opened(pubsub)
    await watched.add("a")
    pubsub.connection._writer.transport.abort()
    await watched.add("b")
    await watched.drop("b")
