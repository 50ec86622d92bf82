"""The auditor of the store tests finds every kind of disagreement."""

import pytest
from redis.asyncio import Redis

from hub.store.keys import key
from shared.states import JobState
from tests.support.audit import audit_indexes
from tests.support.store import Hand, Store, spec

FAULTS: dict[str, tuple[str | int, ...]] = {
    "jobs": ("ZADD", key("jobs"), 99, "stranger"),
    "by_status": ("DEL", key("by_status", "pending")),
    "by_type": ("ZADD", key("by_type", "other"), 1, "stranger"),
    "by_customer": ("DEL", key("by_customer", "c")),
    "by_worker": ("DEL", key("by_worker", "w1")),
    "finished": ("DEL", key("finished", "completed")),
    "heads": ("ZREMRANGEBYRANK", key("heads"), 0, 0),
    "delayed": ("ZADD", key("delayed"), 1, "stranger"),
    "held": ("SADD", key("held", "w1"), "stranger"),
    "lanes": ("HSET", key("lanes"), "stranger", "{}"),
    "lane_jobs": ("HSET", key("lane_jobs"), "stranger", 1),
    "lane_log": ("ZADD", key("lane_log"), 1, "stranger"),
    "lane_version": ("SET", key("lane_version"), 0),
    "a lease without a job": ("ZADD", key("leases"), 1, "stranger"),
    "a count of steps": ("HSET", key("workflow", "f"), "jobs", 7),
    "a pair of a workflow": ("HSET", key("workflow", "f"), "priority", 7),
    "a history": ("XADD", key("audit"), "*", "job", "stranger", "verb", "fail", "from", "", "to", ""),
    "a lost history": ("DEL", key("audit")),
}  # fmt: skip


@pytest.fixture
async def busy(store: Store, hand: Hand, client: Redis) -> Store:
    """A store in which every index holds something."""
    for state in (JobState.COMPLETED, JobState.DELAYED, JobState.ASSIGNED):
        await hand.put(state)
    await store.jobs.submit(spec(customer_id="c", workflow_id="f"))
    assert await audit_indexes(client) == []
    return store


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found(busy: Store, client: Redis, fault: str) -> None:
    await client.execute_command(*FAULTS[fault])
    assert await audit_indexes(client) != []
    await client.flushall()


@pytest.mark.parametrize(
    ("name", "value"), [("deadline_at", 1), ("adoptable", 1), ("state", "in_progress")]
)
async def test_a_fault_of_a_job_is_found(
    store: Store, hand: Hand, client: Redis, name: str, value: str | int
) -> None:
    lease = await hand.take()
    await client.execute_command("HSET", key("job", lease.job_id), name, value)
    assert len(await audit_indexes(client)) >= 1
    await client.flushall()
