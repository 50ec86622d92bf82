"""A hub that runs in this process, and a store without one."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hub.dispatcher import Dispatcher
from hub.store.client import Client
from tests.support.hubs import RunningHub, running_hub
from tests.support.room import Room
from tests.support.store import Hand, Store


@pytest.fixture
async def hub(redis_url: str, tmp_path: Path) -> AsyncGenerator[RunningHub]:
    """A hub without keys over the test's server."""
    async with running_hub(redis_url, tmp_path) as hub:
        yield hub


@pytest.fixture
async def store(redis_url: str) -> AsyncGenerator[Store]:
    """A store that no hub serves."""
    client = Client.connect(redis_url)
    await client.open()
    yield Store.over(client)
    await client.close()


@pytest.fixture
async def hand(store: Store) -> Hand:
    """A worker of it."""
    return await store.hand()


@pytest.fixture
async def room(redis_url: str) -> AsyncGenerator[Room]:
    """A dispatcher that no hub has."""
    client = Client.connect(redis_url, patience_s=0.1)
    await client.open()
    store = Store.over(client)
    room = Room(store, Dispatcher(store.jobs, store.lanes))
    yield room
    await room.dispatcher.stop()
    await client.close()
