"""Makes jobs of the steps of a graph as they become ready, and ends the workflow after the last.

When a step ends, the script that ends it leaves a mark in Redis. Every hub looks at the marks, when
it hears of one and every few seconds; the scripts let only one act. So a hub may die at any point.
"""

import asyncio
import contextlib
import logging
from typing import Any

from attrs import define, evolve, field

from hub.dispatcher import Dispatcher
from hub.store.client import StoreFullError, StoreUnavailableError
from hub.store.submissions import DeadlinePassedError, QueueFullError, UnreadyError
from hub.store.workflows import Workflow, Workflows
from shared.fields import FieldError
from shared.jobs import GraphStep, JobSpec
from shared.references import UnresolvedReferenceError, references, resolved
from shared.wire import dump_json, load_json
from shared.workflows import WorkflowState, planned

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
"""How often the marks are looked at even when nothing was told."""
LOOKED_AT = 200


@define
class Advancer:
    """The graphs of one hub's store."""

    workflows: Workflows
    dispatcher: Dispatcher
    largest_payload: int  # in characters of JSON
    _told: asyncio.Event = field(factory=asyncio.Event, init=False)

    def look_soon(self) -> None:
        """A step has ended somewhere, or may have."""
        self._told.set()

    async def run(self) -> None:
        """Look at the marks, now, when told, and now and then."""
        while True:
            self._told.clear()
            await self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), LOOK_AGAIN_S)

    async def look(self) -> None:
        """Advance every workflow that has a mark."""
        try:
            marked = await self.workflows.advancing(LOOKED_AT)
        except StoreUnavailableError as problem:
            log.warning("cannot look for workflows to advance: %s", problem)
            return
        await asyncio.gather(*[self.advance(workflow_id) for workflow_id in marked])
        if len(marked) == LOOKED_AT:
            self.look_soon()

    async def advance(self, workflow_id: str) -> None:
        """Do all that can be done in a workflow now. What cannot, keeps its mark."""
        try:
            while await self._advance_once(workflow_id):
                pass
        except (StoreUnavailableError, StoreFullError, QueueFullError) as problem:
            log.warning("workflow %s waits: %s", workflow_id, problem)

    async def _advance_once(self, workflow_id: str) -> bool:
        """Whether there may be more to do."""
        workflow = await self.workflows.get(workflow_id)
        if workflow is None or workflow.state is not WorkflowState.RUNNING or not workflow.policy:
            return False
        plan = planned(workflow.shape, workflow.states, workflow.policy)
        told = await asyncio.gather(*[self._begin(workflow, step) for step in plan.ready])
        failures = {
            step: error for step, error in zip(plan.ready, told, strict=True) if error is not None
        }
        reply = await self.workflows.advance(workflow_id, workflow.revision, plan, failures)
        return reply == "stale" or bool(failures)

    async def _begin(self, workflow: Workflow, step: str) -> str | None:
        """Make a job of a step; why it cannot be one."""
        try:
            spec = await self._spec(workflow, step)
        except UnresolvedReferenceError as problem:
            return f"payload: {problem}"
        except FieldError as problem:  # of what its references brought
            return str(problem)
        try:
            with contextlib.suppress(UnreadyError):  # somebody else was faster
                await self.dispatcher.submit(spec)
        except DeadlinePassedError as problem:
            return str(problem)
        return None

    async def _spec(self, workflow: Workflow, step: str) -> JobSpec:
        """The job that a step becomes. Raises `UnresolvedReferenceError`."""
        spec = await self.workflows.spec(workflow.id, step)
        payload = spec.payload
        if sources := sorted({each.step for each in references(payload)}):
            payload = resolved(payload, await self._results(workflow, sources))
            if len(dump_json(payload)) > self.largest_payload:
                raise UnresolvedReferenceError(
                    f"with what {' and '.join(sources)} gave, it is larger than a job may be"
                )
        return evolve(
            spec,
            payload=payload,
            workflow_id=workflow.id,
            step_number=list(workflow.shape).index(step),
            step=GraphStep(step, workflow.revision, workflow.resumes),
        )

    async def _results(self, workflow: Workflow, sources: list[str]) -> dict[str, Any]:
        texts = await self.workflows.results([workflow.job_ids[each] for each in sources])
        for source, text in zip(sources, texts, strict=True):
            if text is None:
                raise UnresolvedReferenceError(f"$from {source!r}: its result is not kept any more")
        return {source: load_json(text or "") for source, text in zip(sources, texts, strict=True)}
