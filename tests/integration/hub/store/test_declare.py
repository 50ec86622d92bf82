"""declare: a workflow is there before its steps."""

import pytest
from attrs import evolve

from hub.store.keys import key
from hub.store.submissions import WorkflowConflictError
from hub.store.workflows import Declaration
from shared.workflows import FailurePolicy, WorkflowState
from tests.support.graphs import FORK, graph
from tests.support.store import Store, spec


@pytest.mark.parametrize("priority", [0, -3, 90])
async def test_steps_that_follow_inherit_priority_and_time(store: Store, priority: int) -> None:
    asked = Declaration(workflow_id="f", priority=priority, submitted_at=1_000)
    assert await store.workflows.declare(asked)
    job = (await store.jobs.submit(spec(workflow_id="f", priority=7))).job
    assert (job.priority, job.workflow_datetime) == (priority, 1_000)
    with pytest.raises(WorkflowConflictError, match="workflow_priority"):
        await store.jobs.submit(spec(workflow_id="f", workflow_priority=priority + 1))


async def test_it_is_open_with_its_policy_and_its_time_is_now(store: Store) -> None:
    policy = FailurePolicy.CONTINUE
    await store.workflows.declare(Declaration(workflow_id="f", priority=1, policy=policy))
    workflow = await store.workflows.get("f")
    assert workflow is not None
    assert (workflow.state, workflow.policy, workflow.shape) == (WorkflowState.OPEN, policy, {})
    assert workflow.submitted_at == workflow.created_at
    assert workflow.finished_at is None


async def test_a_graph_waits_with_a_mark_and_keeps_its_steps_whole(store: Store) -> None:
    asked = graph(FORK, steps={name: spec(payload={"n": 2**64, name: 1}) for name in FORK})
    heard = await store.announced(store.workflows.declare(asked))
    assert heard == [("news", "workflow")]
    workflow = await store.workflows.get("f")
    assert workflow is not None
    assert workflow.state is WorkflowState.RUNNING
    assert list(workflow.shape) == list(FORK)
    assert {name: tuple(needs) for name, needs in workflow.shape.items()} == FORK
    assert set(workflow.states.values()) == {"waiting"}
    assert await store.workflows.advancing(10) == ["f"]
    assert await store.workflows.spec("f", "b") == spec(payload={"n": 2**64, "b": 1})
    assert await store.client.command("ZCARD", key("jobs")) == 0


@pytest.mark.parametrize("asked", [Declaration(workflow_id="f", priority=1), graph(FORK)])
async def test_the_same_words_again_change_nothing(store: Store, asked: Declaration) -> None:
    assert await store.workflows.declare(asked)
    async with store.unchanged():
        assert await store.workflows.declare(asked)
        assert not await store.workflows.declare(evolve(asked, priority=2))


async def test_a_workflow_that_its_first_step_declared_is_another(store: Store) -> None:
    await store.jobs.submit(spec(workflow_id="f", priority=1))
    async with store.unchanged():
        assert not await store.workflows.declare(Declaration(workflow_id="f", priority=1))


async def test_the_same_operation_twice_is_one_workflow(store: Store) -> None:
    reply = await store.acts_once("declare", "f", 1, "", "stop", "digest", '{"a":[]}', "a", "{}")
    assert reply == ["declared"]
