"""audit: the hub's auditor, and that of these tests, find every kind of disagreement."""

from typing import Any

import pytest
from redis.asyncio import Redis

from hub.store.auditor import Auditor
from hub.store.client import Client
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
    "by_error": ("DEL", key("by_error", "out_of_memory")),
    "by_error of another": ("ZADD", key("by_error", "hang"), 1, "stranger"),
    "by_workflow": ("DEL", key("by_workflow", "f")),
    "workflows": ("ZADD", key("workflows"), 1, "stranger"),
    "a pair of a workflow": ("HSET", key("workflow", "f"), "priority", 7),
    "a history": ("XADD", key("audit"), "*", "job", "stranger", "verb", "fail", "from", "", "to", ""),
    "a lost history": ("DEL", key("audit")),
}  # fmt: skip

NOT_INDEXED = {
    "lane_version",
    "workflows",
    "a pair of a workflow",
    "a history",
    "a lost history",
    "lane_log",
    "lanes",
}
"""What only the tests' own auditor looks at: it stops the world, and reads all of the history."""


@pytest.fixture
async def busy(store: Store, hand: Hand, client: Redis) -> Store:
    """A store in which every index holds something."""
    for state in (JobState.COMPLETED, JobState.DELAYED, JobState.FAILED, JobState.ASSIGNED):
        await hand.put(state)
    await store.jobs.submit(spec(customer_id="c", workflow_id="f"))
    assert await audit_indexes(client) == []
    return store


@pytest.fixture
async def auditor(busy: Store) -> Auditor:
    """The hub's own, over a client that does not look at everything after each script."""
    plain = Client(busy.client.redis)
    await plain.open()
    return Auditor(plain)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found(auditor: Auditor, client: Redis, fault: str) -> None:
    await client.execute_command(*FAULTS[fault])
    assert await audit_indexes(client) != []
    found = (await auditor.audit()).differences
    assert (found == ()) == (fault in NOT_INDEXED)
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


async def test_a_sound_queue_has_no_difference(auditor: Auditor) -> None:
    audit = await auditor.audit()
    assert (audit.jobs, audit.differences) == (5, ())


MORE_FAULTS: dict[str, tuple[str | int, ...]] = {
    "a lane that is not counted": ("HDEL", key("lane_jobs"), "LANE"),
    "a lane without a requirement": ("HDEL", key("lanes"), "LANE"),
    "a lane without a version": ("ZREM", key("lane_log"), "LANE"),
    "a waiting job that is in no lane": ("DEL", key("lane", "LANE")),
    "a head of an empty lane": ("ZADD", key("heads"), 1, "x:stranger"),
    "a running job without a lease": ("DEL", key("leases")),
    "a running job that nobody holds": ("DEL", key("held", "w1")),
    "a job that is gone": ("DEL", key("job", "JOB")),
}


@pytest.mark.parametrize("fault", MORE_FAULTS)
async def test_a_fault_is_told(auditor: Auditor, client: Redis, fault: str) -> None:
    (waiting,) = await auditor.client.command("ZRANGE", key("by_status", "pending"), 0, -1)
    lane = await auditor.client.command("HGET", key("job", waiting), "lane")
    words = [str(each).replace("LANE", lane).replace("JOB", waiting) for each in MORE_FAULTS[fault]]
    await client.execute_command(*words)
    assert len((await auditor.audit()).differences) >= 1
    await client.flushall()


async def test_jobs_that_come_while_it_counts_are_no_fault(
    busy: Store, auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Client.script

    async def meddling(client: Client, verb: str, *arguments: str | float) -> Any:
        lines = await script(client, verb, *arguments)
        if (verb, *arguments)[:2] == ("audit", "jobs"):
            await busy.jobs.submit(spec(customer_id="c"))
        return lines

    monkeypatch.setattr(Client, "script", meddling)
    assert (await auditor.audit()).differences == ()


async def test_a_member_that_left_since_it_was_listed_is_passed_over(auditor: Auditor) -> None:
    for arguments in (
        ("jobs", "gone"), ("index", "held", "w1", "gone"), ("index", "delayed", "", "gone"),
        ("heads", "0:gone"), ("lanes", "gone"),
    ):  # fmt: skip
        assert await auditor.client.script("audit", *arguments) == ["audited"]


async def test_many_owners_and_members_are_all_read(auditor: Auditor, client: Redis) -> None:
    for number in range(300):
        await client.zadd(key("by_type", f"t{number}"), {"stranger": 1})
    assert len((await auditor.audit()).differences) == 300
    await client.flushall()
