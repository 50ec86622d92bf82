"""Workflows: one method for each transition, run by the script of the same name, and reads."""

import hashlib
from asyncio import gather
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from hub.store.client import Client
from hub.store.facts import number
from hub.store.jobs import operation
from hub.store.keys import key
from shared.jobs import JobSpec
from shared.wire import dump_json, load_json, structure, unstructure
from shared.workflows import FailurePolicy, Plan, Shape, StepState, WorkflowState


@frozen(kw_only=True)
class Declaration:
    """A workflow as it was asked for. `steps`: the job that each step becomes, in their order."""

    workflow_id: str
    priority: int
    submitted_at: int | None = None  # milliseconds since the epoch; None: now
    policy: FailurePolicy = FailurePolicy.STOP
    shape: Shape = field(factory=dict[str, tuple[str, ...]])
    steps: Mapping[str, JobSpec] = field(factory=dict[str, JobSpec])


@frozen(kw_only=True)
class Workflow:
    """A workflow as it is now. Times are milliseconds since the epoch by the clock of Redis."""

    id: str
    state: WorkflowState
    priority: int
    submitted_at: int
    created_at: int
    finished_at: int | None
    policy: FailurePolicy | None  # None: its first step declared it
    revision: int
    resumes: int
    shape: Shape
    states: Mapping[str, StepState]
    job_ids: Mapping[str, str]
    errors: Mapping[str, str]


@frozen
class Outcome:
    """What a verb did: its tag, and what it told."""

    tag: str
    told: str = ""


@frozen
class Workflows:
    """The transitions of workflows, and what they are. A call repeated under its `op` acts once."""

    client: Client

    async def declare(self, asked: Declaration, op: str | None = None) -> bool:
        """Whether it is there now in these words; else another one of this id is."""
        shape = dump_json(unstructure(asked.shape)) if asked.shape else ""
        specs = {name: dump_json(unstructure(spec)) for name, spec in asked.steps.items()}
        digest = hashlib.sha256(dump_json(unstructure(asked)).encode()).hexdigest()
        submitted_at = "" if asked.submitted_at is None else asked.submitted_at
        reply = await self.client.script(
            "declare", op or operation(), asked.workflow_id, asked.priority, submitted_at,
            asked.policy.value, digest, shape, *[part for pair in specs.items() for part in pair],
        )  # fmt: skip
        return reply[0] == "declared"

    async def advance(
        self, workflow_id: str, revision: int, plan: Plan, failures: Mapping[str, str]
    ) -> str:
        """`advanced`, `stale` (look again) or `over`. `failures`: step and why it cannot begin."""
        end = "" if failures or plan.end is None else plan.end.value
        named = [part for pair in failures.items() for part in pair]
        reply = await self.client.script(
            "advance", operation(), workflow_id, revision, end,
            len(plan.skipped), *plan.skipped, *named,
        )  # fmt: skip
        return str(reply[0])

    async def cancel_workflow(self, workflow_id: str, why: str, op: str | None = None) -> Outcome:
        """`cancelled` with how many jobs, `unknown`, or `refused` with the state."""
        reply = await self.client.script("cancel_workflow", op or operation(), workflow_id, why)
        return Outcome(*[str(each) for each in (reply[0], *reply[-1:])])

    async def resume(self, workflow_id: str, op: str | None = None) -> Outcome:
        """`resumed` with how many steps, `unknown`, or `refused` with the state."""
        reply = await self.client.script("resume", op or operation(), workflow_id)
        return Outcome(*[str(each) for each in reply])

    async def reorder(self, workflow_id: str, priority: int, op: str | None = None) -> Outcome:
        """`reordered` with how many jobs, or `unknown`."""
        reply = await self.client.script("reorder", op or operation(), workflow_id, priority)
        return Outcome(*[str(each) for each in reply])

    async def dissolve(self, age_s: float, limit: int = 100) -> int:
        """Remove workflows that have had nothing to do for so long; how many."""
        reply = await self.client.script("dissolve", int(age_s * 1000), limit)
        return int(reply[1])

    async def get(self, workflow_id: str) -> Workflow | None:
        """One workflow, or None."""
        # One after the other: steps that are newer than the revision only make a look stale.
        facts = await self.client.command("HGETALL", key("workflow", workflow_id))
        if not facts:
            return None
        return _workflow(
            workflow_id, facts, await self.client.command("HGETALL", key("steps", workflow_id))
        )

    async def spec(self, workflow_id: str, step: str) -> JobSpec:
        """The job that a step of a graph becomes."""
        text = await self.client.command("HGET", key("step_specs", workflow_id), step)
        return structure(load_json(text), JobSpec)

    async def results(self, job_ids: Sequence[str]) -> list[str | None]:
        """The results of jobs as JSON; None when a job has none."""
        return await gather(
            *[self.client.command("HGET", key("job", job_id), "result") for job_id in job_ids]
        )

    async def job_states(self, job_ids: Sequence[str]) -> list[str | None]:
        """The states of jobs; None when a job is gone."""
        return await gather(
            *[self.client.command("HGET", key("job", job_id), "state") for job_id in job_ids]
        )

    async def page(self, offset: int, size: int) -> tuple[list[Workflow], int]:
        """Workflows, the newest first, and how many there are."""
        total, ids = await gather(
            self.client.command("ZCARD", key("workflows")),
            self.client.command("ZRANGE", key("workflows"), offset, offset + size - 1, "REV"),
        )
        found = await gather(*[self.get(workflow_id) for workflow_id in ids])
        return [each for each in found if each is not None], total

    async def advancing(self, limit: int) -> list[str]:
        """Some of the workflows that nobody has acted on since a step ended."""
        return await self.client.command("ZRANDMEMBER", key("advancing"), limit)


def _workflow(workflow_id: str, facts: dict[str, str], steps: dict[str, str]) -> Workflow:
    by_kind: dict[str, dict[str, str]] = {"state": {}, "job": {}, "error": {}}
    for name, value in steps.items():
        kind, _, step = name.partition(":")
        by_kind[kind][step] = value
    return Workflow(
        id=workflow_id,
        state=WorkflowState(facts["state"]),
        priority=int(facts["priority"]),
        submitted_at=int(facts["submitted_at"]),
        created_at=int(facts["created_at"]),
        finished_at=number(facts.get("finished_at")),
        policy=FailurePolicy(facts["policy"]) if "policy" in facts else None,
        revision=int(facts.get("revision", 0)),
        resumes=int(facts.get("resumes", 0)),
        shape=load_json(facts.get("shape", "{}")),
        states={name: StepState(word) for name, word in by_kind["state"].items()},
        job_ids=by_kind["job"],
        errors=by_kind["error"],
    )
