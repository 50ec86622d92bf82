"""The auditor of the store tests finds every kind of disagreement about workflows."""

import pytest
from redis.asyncio import Redis

from hub.store.auditor import Auditor
from hub.store.client import Client
from hub.store.keys import key
from tests.support.audit import audit_indexes
from tests.support.graphs import Flow, graph
from tests.support.store import Hand, Store

FAULTS: dict[str, tuple[str | int, ...]] = {
    "it is over and has a mark": ("HSET", key("workflow", "f"), "state", "failed"),
    "it is vacant and has a job": ("ZADD", key("vacant"), 1, "f"),
    "another time than its jobs": ("HSET", key("workflow", "f"), "submitted_at", 7),
    "another priority than its jobs": ("HSET", key("workflow", "f"), "priority", 7),
    "no mark, and it could go on": ("DEL", key("advancing")),
    "an open step without a job": ("HSET", key("steps", "f"), "state:b", "open"),
    "a step that waits and is a job": ("HSET", key("steps", "f"), "state:a", "waiting"),
    "a step in another end than its job": ("HSET", key("steps", "f"), "state:z", "failed"),
    "a result that retention takes": ("ZADD", key("finished", "completed"), 1, "JOB"),
}


@pytest.fixture
async def flow(store: Store, hand: Hand) -> Flow:
    """Step `z` is completed, `a` is open, `b` could be."""
    await store.workflows.declare(graph({"z": (), "a": (), "b": ("z",)}))
    flow = Flow(store)
    await flow.advance()
    await store.jobs.complete(await flow.take(hand), "{}")
    return flow


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found(flow: Flow, client: Redis, fault: str) -> None:
    assert await audit_indexes(client) == []
    job = (await flow.now()).job_ids["z"]
    await client.execute_command(*[str(each).replace("JOB", job) for each in FAULTS[fault]])
    assert await audit_indexes(client) != []
    await client.flushall()


async def test_the_hub_itself_sees_that_a_graph_keeps_its_results(flow: Flow) -> None:
    plain = Client(flow.store.client.redis)
    await plain.open()
    assert (await Auditor(plain).audit()).differences == ()
    await flow.store.client.command("HSET", key("workflow", "f"), "state", "failed")
    assert len((await Auditor(plain).audit()).differences) == 1
    await flow.store.client.redis.flushall()
