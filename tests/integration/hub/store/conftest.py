"""An opened store and a worker of it."""

from collections.abc import AsyncGenerator

import pytest

from tests.support.audit import audit_indexes
from tests.support.store import AuditedClient, Hand, Store


@pytest.fixture
async def store(redis_url: str) -> AsyncGenerator[Store]:
    """The store, audited after every script and at the end."""
    client = AuditedClient.connect(redis_url)
    await client.open()
    # What survives a crash is test_server's subject; here a fsync for each write is only slow.
    await client.redis.config_set("appendfsync", "no")
    try:
        yield Store.over(client)
        assert await audit_indexes(client.redis) == []
    finally:
        await client.close()


@pytest.fixture
async def hand(store: Store) -> Hand:
    """A worker with room for ten jobs of type `simulation`."""
    return await store.hand()
