"""advance: what a look at a graph has found is entered; and steps become jobs."""

import pytest

from hub.store.keys import key
from hub.store.submissions import UnreadyError
from shared.workflows import FailurePolicy, Plan, StepState, WorkflowState
from tests.support.graphs import FORK, Flow, graph
from tests.support.store import Hand, Store, failure, spec


@pytest.fixture
async def flow(store: Store) -> Flow:
    await store.workflows.declare(graph(FORK, priority=0, submitted_at=1_000))
    return Flow(store)


async def test_a_ready_step_becomes_a_job_of_its_workflow(flow: Flow, store: Store) -> None:
    submitted = await flow.submit("a")
    job = await store.job(submitted.job_id)
    assert (job.workflow_id, job.step_name, job.priority) == ("f", "a", 0)
    assert job.workflow_datetime == 1_000
    now = await flow.now()
    assert (now.states["a"], now.job_ids) == (StepState.OPEN, {"a": job.id})


async def test_a_step_cannot_be_made_twice(flow: Flow, store: Store) -> None:
    await flow.submit("a")
    async with store.unchanged():
        with pytest.raises(UnreadyError):
            await flow.submit("a")


@pytest.mark.parametrize("revision", [-1, 7])
async def test_a_step_of_another_revision_is_not_ready(
    flow: Flow, store: Store, revision: int
) -> None:
    async with store.unchanged():
        with pytest.raises(UnreadyError):
            await flow.submit("a", revision)


async def test_the_end_of_a_step_is_a_mark_that_stays_until_acted_on(
    flow: Flow, store: Store, hand: Hand
) -> None:
    await flow.advance()
    assert await store.workflows.advancing(10) == []
    lease = await flow.take(hand)
    heard = await store.announced(store.jobs.complete(lease, "{}"))
    assert ("news", "workflow") in heard
    assert await store.workflows.advancing(10) == ["f"]
    assert await flow.plan() == Plan(ready=("b", "c"))
    await flow.advance()
    assert await store.workflows.advancing(10) == []


async def test_a_look_at_what_has_changed_since_is_stale(
    flow: Flow, store: Store, hand: Hand
) -> None:
    await flow.advance()
    before = await flow.now()
    await store.jobs.complete(await flow.take(hand), "{}")
    async with store.unchanged():
        told = await store.workflows.advance("f", before.revision, Plan(), {})
    assert told == "stale"


async def test_all_steps_are_done_and_then_wait_for_retention(
    flow: Flow, store: Store, hand: Hand
) -> None:
    await flow.advance()
    for _ in range(3):
        await flow.complete(hand)
        assert await store.jobs.purge("completed", 0) == 0
    await flow.complete(hand)
    now = await flow.now()
    assert (now.state, set(now.states.values())) == (WorkflowState.COMPLETED, {"completed"})
    assert now.finished_at is not None
    assert await store.jobs.purge("completed", 0) == 4
    assert await store.workflows.get("f") is None
    assert await store.client.command("EXISTS", key("steps", "f"), key("step_specs", "f")) == 0
    assert await store.workflows.advance("f", 0, Plan(), {}) == "over"


async def test_to_stop_skips_what_is_no_job_yet(flow: Flow, hand: Hand) -> None:
    await flow.advance()
    await flow.complete(hand)
    await flow.fail(hand)
    assert await flow.states() == {
        "a": "completed", "b": "failed", "c": "open", "d": "skipped",
    }  # fmt: skip
    assert (await flow.now()).state is WorkflowState.RUNNING
    await flow.complete(hand)
    assert (await flow.now()).state is WorkflowState.FAILED


async def test_to_continue_skips_only_what_depends(store: Store, hand: Hand) -> None:
    shape = {"a": (), "b": ("a",), "x": (), "y": ("x",), "z": ("y", "b")}
    await store.workflows.declare(graph(shape, policy=FailurePolicy.CONTINUE))
    flow = Flow(store)
    await flow.advance()
    await flow.fail(hand)
    assert await flow.states() == {
        "a": "failed", "b": "skipped", "x": "open", "y": "waiting", "z": "skipped",
    }  # fmt: skip
    await flow.complete(hand)
    await flow.complete(hand)
    now = await flow.now()
    assert (now.state, now.states["y"]) == (WorkflowState.FAILED, "completed")


async def test_a_step_whose_input_cannot_be_made_fails_and_is_looked_at_again(
    flow: Flow, store: Store, hand: Hand
) -> None:
    await flow.advance()
    await store.jobs.complete(await flow.take(hand), "{}")
    assert await flow.settle(b="payload: nothing there") == "advanced"
    now = await flow.now()
    assert now.errors == {"b": "payload: nothing there"}
    assert await store.workflows.advancing(10) == ["f"]
    assert await flow.plan() == Plan(skipped=("c", "d"), end=WorkflowState.FAILED)
    await flow.advance()
    assert (await flow.now()).state is WorkflowState.FAILED


async def test_what_became_a_job_meanwhile_is_not_failed(flow: Flow) -> None:
    await flow.submit("a")
    now = await flow.now()
    await flow.store.workflows.advance("f", now.revision, Plan(), {"a": "too late"})
    assert (await flow.now()).states["a"] == "open"
    await flow.advance()


async def test_a_cancelled_step_counts_as_failed(flow: Flow, store: Store) -> None:
    await flow.advance()
    now = await flow.now()
    await store.jobs.cancel(now.job_ids["a"], "enough")
    await flow.advance()
    now = await flow.now()
    assert (now.state, now.states["a"]) == (WorkflowState.FAILED, "cancelled")


async def test_a_step_that_is_tried_again_has_not_ended(
    flow: Flow, store: Store, hand: Hand
) -> None:
    await flow.advance()
    await store.jobs.fail(await flow.take(hand), failure(), 0)
    assert await store.workflows.advancing(10) == []
    assert (await flow.now()).states["a"] == "open"


async def test_a_job_without_a_step_leaves_no_mark(store: Store, hand: Hand) -> None:
    await store.jobs.complete(await hand.take(spec(workflow_id="f")), "{}")
    assert await store.workflows.advancing(10) == []


async def test_the_same_operation_twice_is_one_advance(flow: Flow, store: Store) -> None:
    now = await flow.now()
    reply = await store.acts_once("advance", "f", now.revision, "", 0, "a", "no")
    assert reply == ["advanced"]
    await flow.advance()
