"""dissolve: workflows that have neither jobs nor steps to do go after a while."""

from hub.store.workflows import Declaration
from tests.support.graphs import FORK, graph
from tests.support.store import Hand, Store, spec


async def test_a_workflow_that_got_no_step_goes(store: Store) -> None:
    async with store.unchanged():
        await store.workflows.declare(Declaration(workflow_id="f", priority=1))
        assert await store.workflows.dissolve(3600) == 0
        assert await store.workflows.get("f") is not None
        assert await store.workflows.dissolve(0) == 1
    assert await store.workflows.get("f") is None


async def test_a_graph_that_was_cancelled_before_its_first_job_goes(store: Store) -> None:
    await store.workflows.declare(graph(FORK))
    assert await store.workflows.dissolve(0) == 0
    await store.workflows.cancel_workflow("f", "")
    assert await store.workflows.dissolve(0) == 1


async def test_a_workflow_with_jobs_or_steps_to_do_stays(store: Store, hand: Hand) -> None:
    await store.workflows.declare(Declaration(workflow_id="o", priority=1))
    lease = await hand.take(spec(workflow_id="o"))
    await store.workflows.declare(graph(FORK))
    await store.workflows.cancel_workflow("f", "")
    await store.workflows.resume("f")
    assert await store.workflows.dissolve(0) == 0
    await store.jobs.complete(lease, "{}")
    assert await store.workflows.dissolve(0) == 0
    assert await store.jobs.purge("completed", 0) == 1
    assert await store.workflows.get("o") is None


async def test_no_more_than_the_limit_go_at_once(store: Store) -> None:
    for number in range(5):
        await store.workflows.declare(Declaration(workflow_id=str(number), priority=1))
    assert [await store.workflows.dissolve(0, limit=2) for _ in range(4)] == [2, 2, 1, 0]
