"""Workflows for tests: a graph by its arrows, and what is done in it."""

from typing import Any

from attrs import evolve, frozen

from hub.store.submissions import Submitted
from hub.store.workflows import Declaration, Workflow
from shared.jobs import GraphStep, Lease
from shared.workflows import Plan, planned
from tests.support.store import Hand, Store, failure, spec

FORK = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}


def graph(shape: dict[str, tuple[str, ...]], **changes: Any) -> Declaration:
    """A workflow `f` of steps that any worker can run."""
    plain = Declaration(
        workflow_id="f", priority=50, shape=shape, steps={name: spec() for name in shape}
    )
    return evolve(plain, **changes)


@frozen
class Flow:
    """The workflow `f` of a store, as a hub advances it."""

    store: Store

    async def now(self) -> Workflow:
        """As it is."""
        workflow = await self.store.workflows.get("f")
        assert workflow is not None
        return workflow

    async def plan(self) -> Plan:
        """What is to be done in it."""
        workflow = await self.now()
        assert workflow.policy
        return planned(workflow.shape, workflow.states, workflow.policy)

    async def submit(self, step: str, revision: int | None = None) -> Submitted:
        """Make a job of a step."""
        now = await self.now()
        ticket = GraphStep(step, now.revision if revision is None else revision, now.resumes)
        return await self.store.jobs.submit(spec(workflow_id="f", step=ticket))

    async def settle(self, **failures: str) -> str:
        """Enter all that is to be entered."""
        now = await self.now()
        return await self.store.workflows.advance("f", now.revision, await self.plan(), failures)

    async def advance(self) -> None:
        """All that a hub does."""
        for step in (await self.plan()).ready:
            await self.submit(step)
        assert await self.settle() == "advanced"

    async def take(self, hand: Hand) -> Lease:
        """The lease of the next job."""
        (claimed,) = await hand.claim()
        return claimed.lease

    async def complete(self, hand: Hand) -> None:
        """The next job is done, and the workflow goes on."""
        await self.store.jobs.complete(await self.take(hand), '{"n":1}')
        await self.advance()

    async def fail(self, hand: Hand) -> None:
        """The next job fails for good, and the workflow goes on."""
        await self.store.jobs.fail(await self.take(hand), failure(retryable=False), 0)
        await self.advance()

    async def states(self) -> dict[str, str]:
        """The states of its steps."""
        return {name: state.value for name, state in sorted((await self.now()).states.items())}
