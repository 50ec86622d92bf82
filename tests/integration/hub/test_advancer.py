"""Graphs go on from step to step, whichever hub is there to see it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from attrs import define

from hub import advancer as module
from hub.advancer import Advancer
from hub.dispatcher import Dispatcher
from hub.store.client import Client, StoreFullError, StoreUnavailableError
from hub.store.jobs import Jobs
from hub.store.submissions import QueueFullError
from hub.store.workflows import Workflows
from shared.depth import PAYLOAD_DEPTH
from shared.workflows import FailurePolicy, WorkflowState
from tests.support.graphs import FORK, Flow, graph
from tests.support.hubs import RunningHub, running_hub
from tests.support.store import Hand, Store, spec
from tests.support.waiting import wait_until


@define
class Scene:
    """A store with a worker, and an advancer that runs only when told."""

    store: Store
    hand: Hand
    advancer: Advancer

    async def declare(
        self, payload: dict[str, Any], policy: FailurePolicy = FailurePolicy.STOP
    ) -> Flow:
        """Step `b` takes `payload`, after `a`; `a` has begun."""
        steps = {"a": spec(), "b": spec(payload=payload)}
        shape = {"a": (), "b": ("a",)}
        await self.store.workflows.declare(graph(shape, steps=steps, policy=policy))
        await self.advancer.look()
        return Flow(self.store)

    async def complete(self, result: Any) -> None:
        """The next job has this result, and the advancer looks."""
        (claimed,) = await self.hand.claim()
        await self.store.jobs.complete(claimed.lease, json.dumps(result))
        await self.advancer.look()


@pytest.fixture
async def scene(redis_url: str) -> AsyncGenerator[Scene]:
    client = Client.connect(redis_url, patience_s=0.1)
    await client.open()
    store = Store.over(client)
    dispatcher = Dispatcher(store.jobs, store.lanes)
    yield Scene(store, await store.hand(), Advancer(store.workflows, dispatcher, 1000))
    await dispatcher.stop()
    await client.close()


async def test_a_fork_is_walked_to_its_end(scene: Scene) -> None:
    await scene.store.workflows.declare(graph(FORK))
    flow = Flow(scene.store)
    await scene.advancer.look()
    for open_ in ({"a"}, {"b", "c"}, {"c"}, {"d"}):
        assert {name for name, state in (await flow.states()).items() if state == "open"} == open_
        await scene.complete({})
    assert (await flow.now()).state is WorkflowState.COMPLETED
    steps = (await scene.store.views.page({"workflow": "f"}, 0, 10)).jobs
    assert {job.step_name: job.step_number for job in steps} == {"a": 0, "b": 1, "c": 2, "d": 3}


async def test_references_become_what_they_stand_for(scene: Scene) -> None:
    wanted = {
        "url": {"$from": "a", "path": "/files/0/url"},
        "all": [{"$from": "a"}],
        "plain": 2**64,
    }
    await scene.declare(wanted)
    result = {"files": [{"url": "/artifacts/1"}], "n": 2**70}
    await scene.complete(result)
    (claimed,) = await scene.hand.claim()
    assert claimed.payload == {"url": "/artifacts/1", "all": [result], "plain": 2**64}
    assert claimed.lease.job_id == (await Flow(scene.store).now()).job_ids["b"]


async def test_a_reference_to_nothing_fails_its_step(scene: Scene) -> None:
    flow = await scene.declare({"x": {"$from": "a", "path": "/files/1"}})
    await scene.complete({"files": []})
    now = await flow.now()
    assert now.state is WorkflowState.FAILED
    assert now.errors == {"b": "payload: $from 'a', path '/files/1': the result has no '1' there"}


async def test_a_result_that_is_gone_fails_the_step_that_needs_it(scene: Scene) -> None:
    flow = await scene.declare({"x": {"$from": "a"}})
    await scene.store.workflows.cancel_workflow("f", "")
    await scene.store.workflows.resume("f")
    await scene.advancer.look()
    (claimed,) = await scene.hand.claim()
    await scene.store.jobs.complete(claimed.lease, "{}")
    await scene.store.client.command("HDEL", "{emp}:job:" + claimed.lease.job_id, "result")
    await scene.advancer.look()
    assert (await flow.now()).errors == {"b": "payload: $from 'a': its result is not kept any more"}


async def test_a_payload_that_grew_too_large_fails_its_step(scene: Scene) -> None:
    flow = await scene.declare({"x": {"$from": "a"}})
    await scene.complete({"text": "x" * 1000})
    assert "larger than a job may be" in (await flow.now()).errors["b"]


async def test_a_payload_that_grew_too_deep_fails_its_step(scene: Scene) -> None:
    flow = await scene.declare({"x": {"$from": "a"}})
    await scene.complete(json.loads("[" * PAYLOAD_DEPTH + "]" * PAYLOAD_DEPTH))
    assert (await flow.now()).errors["b"].startswith("payload: is nested too deeply")


async def test_many_hubs_at_once_make_every_step_once(scene: Scene) -> None:
    shape = {
        "a": (),
        **{f"b{n}": ("a",) for n in range(30)},
        "z": tuple(f"b{n}" for n in range(30)),
    }
    await scene.store.workflows.declare(graph(shape))
    hand = await scene.store.hand("w2", slots=100)
    hubs = [Advancer(scene.store.workflows, scene.advancer.dispatcher, 1000) for _ in range(4)]
    while (await Flow(scene.store).now()).state is WorkflowState.RUNNING:
        await asyncio.gather(*[each.look() for each in hubs])
        ends = [scene.store.jobs.complete(each.lease, "{}") for each in await hand.claim(7)]
        await asyncio.gather(*ends, *[each.look() for each in hubs])
    assert (await Flow(scene.store).now()).state is WorkflowState.COMPLETED
    assert (await scene.store.views.page({}, 0, 100)).total == len(shape)


@pytest.mark.parametrize(
    "problem",
    [
        StoreFullError("full"),
        StoreUnavailableError("away"),
        QueueFullError("waiting:type:simulation", "1"),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_what_cannot_be_submitted_now_keeps_its_mark(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    async def refuse(*_: object) -> None:
        raise problem

    await scene.store.workflows.declare(graph({"a": ()}))
    with monkeypatch.context() as patch:
        patch.setattr(Jobs, "submit", refuse)
        await scene.advancer.look()
    assert await scene.store.workflows.advancing(10) == ["f"]
    await scene.advancer.look()
    assert (await Flow(scene.store).states()) == {"a": "open"}


async def test_a_store_that_is_away_is_no_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError("away")

    monkeypatch.setattr(Workflows, "advancing", away)
    await scene.advancer.look()
    assert "cannot look for workflows" in caplog.text


async def test_a_look_that_was_full_is_followed_by_another(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKED_AT", 2)
    for name in "fghij":
        await scene.store.workflows.declare(graph({"a": ()}, workflow_id=name))
    running = asyncio.create_task(scene.advancer.run())

    async def is_done() -> bool:
        return not await scene.store.workflows.advancing(10)

    await wait_until(is_done)
    running.cancel()


async def test_marks_are_found_without_news(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_S", 0.01)
    running = asyncio.create_task(scene.advancer.run())
    await scene.store.workflows.declare(graph({"a": ()}))

    async def has_begun() -> bool:
        return await Flow(scene.store).states() == {"a": "open"}

    await wait_until(has_begun)
    running.cancel()


async def test_a_workflow_that_is_gone_or_over_is_left_alone(scene: Scene) -> None:
    await scene.advancer.advance("nobody's")
    await scene.store.jobs.submit(spec(workflow_id="o"))
    async with scene.store.unchanged():
        await scene.advancer.advance("o")


async def test_a_worker_of_another_hub_gets_the_next_step(
    hub: RunningHub, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with running_hub(redis_url, tmp_path_factory.mktemp("other")) as other:
        near, far = await hub.worker("near"), await other.worker("far")
        plain: dict[str, Any] = {"name": "a", "type": "simulation", "payload": {}}
        after = {"name": "b", "depends_on": ["a"], "payload": {"x": {"$from": "a"}}}
        asked = [plain, plain | after]
        answer = await hub.rest.post("/workflows", json={"workflow_id": "f", "steps": asked})
        assert answer.status_code == 201
        await near.complete(await near.take(), {"n": 1})
        job = await far.take()
        assert job.params == {"x": {"n": 1}}
        await far.complete(job, {})

        async def is_completed() -> bool:
            shown = (await other.rest.get("/workflows/f")).json()["workflow"]
            return shown["status"] == "completed"

        await wait_until(is_completed)


async def test_a_step_whose_deadline_is_over_before_it_is_ready_fails(scene: Scene) -> None:
    steps = {"a": spec(deadline=1)}
    await scene.store.workflows.declare(graph({"a": ()}, steps=steps))
    await scene.advancer.look()
    now = await Flow(scene.store).now()
    assert now.state is WorkflowState.FAILED
    assert now.errors["a"].startswith("deadline: has passed")


async def test_a_step_that_must_not_run_yet_is_delayed(scene: Scene) -> None:
    run_at = 7_258_118_400_000
    await scene.store.workflows.declare(graph({"a": ()}, steps={"a": spec(run_at=run_at)}))
    await scene.advancer.look()
    now = await Flow(scene.store).now()
    assert (await scene.store.job(now.job_ids["a"])).not_before == run_at
