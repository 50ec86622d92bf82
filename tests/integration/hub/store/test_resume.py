"""resume: a graph that ended without all its steps runs again from those."""

import pytest

from hub.store.workflows import Declaration, Outcome
from shared.workflows import WorkflowState
from tests.support.graphs import FORK, Flow, graph
from tests.support.store import Hand, Store


@pytest.fixture
async def flow(store: Store, hand: Hand) -> Flow:
    """Step `a` is completed, `b` failed, `c` completed."""
    await store.workflows.declare(graph(FORK))
    flow = Flow(store)
    await flow.advance()
    await flow.complete(hand)
    await flow.fail(hand)
    await flow.complete(hand)
    return flow


async def test_what_was_not_completed_is_done_again(flow: Flow, hand: Hand) -> None:
    before = await flow.now()
    assert await flow.store.workflows.resume("f") == Outcome("resumed", "2")
    assert await flow.states() == {
        "a": "completed", "b": "waiting", "c": "completed", "d": "waiting",
    }  # fmt: skip
    assert await flow.store.workflows.advancing(10) == ["f"]
    await flow.advance()
    await flow.complete(hand)
    await flow.complete(hand)
    now = await flow.now()
    assert (now.state, now.resumes) == (WorkflowState.COMPLETED, 1)
    assert now.job_ids["a"] == before.job_ids["a"]
    assert now.job_ids["b"] != before.job_ids["b"]
    assert (await flow.store.views.page({"workflow": "f"}, 0, 10)).total == 5


async def test_results_that_are_needed_again_are_kept(flow: Flow, store: Store) -> None:
    await store.workflows.resume("f")
    assert await store.jobs.purge("completed", 0) == 0
    assert await store.jobs.purge("failed", 0) == 1
    await store.workflows.cancel_workflow("f", "")
    assert await store.jobs.purge("completed", 0) == 2
    assert await store.workflows.get("f") is None


async def test_a_cancelled_graph_begins_again(store: Store) -> None:
    await store.workflows.declare(graph(FORK))
    await store.workflows.cancel_workflow("f", "")
    assert await store.workflows.resume("f") == Outcome("resumed", "4")
    flow = Flow(store)
    await flow.advance()
    assert (await flow.states())["a"] == "open"


async def test_the_error_of_a_step_goes(store: Store) -> None:
    await store.workflows.declare(graph({"a": ()}))
    flow = Flow(store)
    await flow.settle(a="nothing there")
    await flow.advance()
    await store.workflows.resume("f")
    assert (await flow.now()).errors == {}


async def test_only_a_graph_that_ended_without_success_is_resumed(store: Store, hand: Hand) -> None:
    resume = store.workflows.resume
    await store.workflows.declare(graph({"a": ()}))
    flow = Flow(store)
    await flow.advance()
    await store.workflows.declare(Declaration(workflow_id="o", priority=1))
    async with store.unchanged():
        assert await resume("f") == Outcome("refused", "running")
        assert await resume("o") == Outcome("refused", "open")
        assert await resume("g") == Outcome("unknown")
    await flow.complete(hand)
    await store.workflows.cancel_workflow("o", "")
    async with store.unchanged():
        assert await resume("f") == Outcome("refused", "completed")
        assert await resume("o") == Outcome("refused", "cancelled")


async def test_the_same_operation_twice_is_one_resume(flow: Flow) -> None:
    assert await flow.store.acts_once("resume", "f") == ["resumed", 2]
    assert (await flow.now()).resumes == 1
