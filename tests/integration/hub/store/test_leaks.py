"""The key-leak check of the suite finds what it is there to find."""

import pytest
from redis import Redis

from hub.store.keys import key
from tests.support.leaks import leaked_keys


@pytest.fixture
def sync_client(redis_url: str) -> Redis:
    return Redis.from_url(redis_url)


@pytest.mark.parametrize(
    "name", [key("job", "j1"), key("held", "w1"), key("lane", "l1"), key("op", "o1"), "stranger"]
)
def test_a_key_without_owner_and_ttl_is_a_leak(sync_client: Redis, name: str) -> None:
    with sync_client:
        sync_client.set(name, "x")
        assert leaked_keys(sync_client) == [name]
        sync_client.expire(name, 60)
        assert leaked_keys(sync_client) == []


def test_keys_of_a_known_job_worker_and_lane_have_owners(sync_client: Redis) -> None:
    with sync_client:
        sync_client.zadd(key("jobs"), {"j1": 1})
        sync_client.hset(key("job", "j1"), "state", "pending")
        sync_client.rpush(key("attempts", "j1"), "{}")
        sync_client.zadd(key("workers"), {"w1": 1})
        sync_client.hset(key("worker", "w1"), "status", "idle")
        sync_client.sadd(key("held", "w1"), "j1")
        sync_client.hset(key("lanes"), "l1", "{}")
        sync_client.hset(key("lane_jobs"), "l1", 1)
        sync_client.zadd(key("lane_log"), {"l1": 1})
        sync_client.zadd(key("lane", "l1"), {"m": 0})
        assert leaked_keys(sync_client) == []
