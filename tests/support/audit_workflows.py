"""What must hold between workflows, their steps and their jobs."""

import json
from collections.abc import Iterator

from hub.store.keys import key
from shared.states import TERMINAL
from shared.workflows import FailurePolicy, StepState, planned
from tests.support.dumps import Dump

Facts = dict[str, str]


def is_needed(found: Dump, job_id: str, job: Facts) -> bool:
    """Whether a step of a graph that runs keeps the job from retention."""
    workflow = found.get(key("workflow", job["workflow"]), {})
    steps = found.get(key("steps", job["workflow"]), {})
    is_current = steps.get(f"job:{job.get('step_name')}") == job_id
    return is_current and workflow.get("state") == "running"


def wrong_workflows(found: Dump, jobs: dict[str, Facts]) -> Iterator[str]:
    """Every disagreement."""
    workflows = {
        name.removeprefix(key("workflow")): found[name]
        for name in found
        if name.startswith(key("workflow"))
    }
    created = {name: float(facts["created_at"]) for name, facts in workflows.items()}
    if found.get(key("workflows"), {}) != created:
        yield f"workflows holds {found.get(key('workflows'))}, there are {created}"
    for name, facts in workflows.items():
        mine = {job_id: job for job_id, job in jobs.items() if job["workflow"] == name}
        yield from _wrong_pairs(name, facts, mine)
        yield from _wrong_life(name, facts, mine, found)
        if "shape" in facts:
            yield from _wrong_steps(name, facts, mine, found)


def _wrong_pairs(name: str, facts: Facts, mine: dict[str, Facts]) -> Iterator[str]:
    for job_id, job in mine.items():
        if job["workflow_datetime"] != facts["submitted_at"]:
            yield f"{job_id} has another time than its workflow {name}"
        if job["state"] not in TERMINAL and job["priority"] != facts["priority"]:
            yield f"{job_id} has another priority than its workflow {name}"


def _wrong_life(name: str, facts: Facts, mine: dict[str, Facts], found: Dump) -> Iterator[str]:
    is_vacant = name in found.get(key("vacant"), {})
    if is_vacant != (not mine and facts["state"] != "running"):
        yield f"{name} is {facts['state']} with {len(mine)} jobs; vacant: {is_vacant}"
    if name in found.get(key("advancing"), {}) and facts["state"] != "running":
        yield f"{name} is {facts['state']} and has a mark"


def _wrong_steps(name: str, facts: Facts, mine: dict[str, Facts], found: Dump) -> Iterator[str]:
    steps, shape = found[key("steps", name)], json.loads(facts["shape"])
    states = {each: StepState(steps[f"state:{each}"]) for each in shape}
    for step, state in states.items():
        job = mine.get(steps.get(f"job:{step}", ""))
        if job and job["state"] not in TERMINAL and state is not StepState.OPEN:
            yield f"step {step} of {name} is {state}, its job {job['state']}"
        if job and job["state"] in TERMINAL and state != job["state"]:
            yield f"step {step} of {name} is {state}, its job {job['state']}"
        if state is StepState.OPEN and not job:
            yield f"step {step} of {name} is open and has no job"
    if facts["state"] == "running":
        plan = planned(shape, states, FailurePolicy(facts["policy"]))
        if (plan.ready or plan.skipped or plan.end) and name not in found.get(key("advancing"), {}):
            yield f"{name} could go on, and has no mark: {plan}"
