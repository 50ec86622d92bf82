"""cancel_workflow: what is not done of a workflow is not done any more."""

import pytest

from hub.store.submissions import WorkflowConflictError
from hub.store.workflows import Declaration, Outcome
from shared.states import JobState
from shared.workflows import WorkflowState
from tests.support.graphs import FORK, Flow, graph
from tests.support.store import Hand, Store, failure, spec


async def test_running_waiting_and_coming_steps_end_together(store: Store, hand: Hand) -> None:
    flow = Flow(store)
    await store.workflows.declare(graph(FORK))
    await flow.advance()
    await flow.complete(hand)
    running = await flow.take(hand)
    heard = await store.announced(store.workflows.cancel_workflow("f", "enough"))
    assert ("news", f"cancel {running.job_id} w1") in heard
    now = await flow.now()
    assert now.state is WorkflowState.CANCELLED
    assert await flow.states() == {
        "a": "completed", "b": "cancelled", "c": "cancelled", "d": "cancelled",
    }  # fmt: skip
    assert (await store.job(running.job_id)).error == "enough"
    assert await store.jobs.complete(running, "{}") == "superseded"
    assert await store.workflows.advancing(10) == []
    assert await store.jobs.purge("cancelled", 0) == 2


async def test_steps_sent_one_by_one_end_and_none_can_join(store: Store, hand: Hand) -> None:
    await store.workflows.declare(Declaration(workflow_id="f", priority=1))
    delayed = await hand.take(spec(workflow_id="f"))
    await store.jobs.fail(delayed, failure(), 60)
    await store.jobs.complete(await hand.take(spec(workflow_id="f")), "{}")
    await store.jobs.submit(spec(workflow_id="f"))
    assert await store.workflows.cancel_workflow("f", "") == Outcome("cancelled", "2")
    assert (await store.job(delayed.job_id)).status is JobState.CANCELLED
    async with store.unchanged():
        with pytest.raises(WorkflowConflictError, match="cancelled"):
            await store.jobs.submit(spec(workflow_id="f"))


async def test_it_ends_once(store: Store, hand: Hand) -> None:
    await store.workflows.declare(graph({"a": ()}))
    flow = Flow(store)
    await flow.advance()
    await flow.complete(hand)
    async with store.unchanged():
        assert await store.workflows.cancel_workflow("f", "") == Outcome("refused", "completed")
        assert await store.workflows.cancel_workflow("g", "") == Outcome("unknown", "unknown")


async def test_the_same_operation_twice_is_one_cancel(store: Store) -> None:
    await store.workflows.declare(graph({"a": ()}))
    await Flow(store).advance()
    reply = await store.acts_once("cancel_workflow", "f", "why")
    assert (reply[0], reply[2]) == ("cancelled", 1)
