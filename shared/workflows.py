"""A workflow as a graph of steps: whether it is sound, and what is to be done in it next."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from attrs import frozen

from shared.fields import FieldError

MAX_STEPS = 500
"""The most steps of one graph."""

Shape = Mapping[str, Sequence[str]]
"""The steps in their order, and the steps that each depends on."""


class WorkflowState(StrEnum):
    """Where a workflow is."""

    OPEN = "open"  # its steps are sent one by one
    RUNNING = "running"  # a graph with steps to do
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    """Where a step of a graph is."""

    WAITING = "waiting"  # for the steps that it depends on
    OPEN = "open"  # it is a job now, and the job has a state
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # another step failed


class FailurePolicy(StrEnum):
    """What a failed step means for the others."""

    STOP = "stop"  # no further step becomes a job
    CONTINUE = "continue"  # whatever does not depend on it is finished


@frozen
class StepNeeds:
    """What a step says of others: those it waits for, and those whose results it takes."""

    name: str
    depends_on: tuple[str, ...] = ()
    takes_from: tuple[str, ...] = ()


@frozen
class Plan:
    """What is to be done in a graph now."""

    ready: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    end: WorkflowState | None = None  # the state in which the workflow ends, once all that is done


def shape_of(steps: Sequence[StepNeeds]) -> dict[str, tuple[str, ...]]:
    """The graph of these steps. Raises `FieldError`."""
    shape: dict[str, tuple[str, ...]] = {}
    for at, step in enumerate(steps):
        if step.name in shape:
            raise FieldError(f"[{at}].name", f"there are two steps {step.name!r}", "unique names")
        shape[step.name] = step.depends_on
    for at, step in enumerate(steps):
        _check_known(f"[{at}].depends_on", step.depends_on, shape)
    _check_acyclic(shape)
    for at, step in enumerate(steps):
        _check_sources(f"[{at}].payload", step, shape)
    return shape


def _check_known(field: str, names: Iterable[str], shape: Shape) -> None:
    for name in names:
        if name not in shape:
            raise FieldError(field, f"there is no step {name!r}", "names of steps of this workflow")


def _check_acyclic(shape: Shape) -> None:
    try:
        TopologicalSorter(shape).prepare()
    except CycleError as problem:
        cycle = " → ".join(problem.args[1][::-1])  # each depends on the next
        raise FieldError(
            "", f"{cycle} is a cycle", "steps that depend on none that depends on them"
        ) from None


def _check_sources(field: str, step: StepNeeds, shape: Shape) -> None:
    before = _all_before(step.name, shape)
    for source in step.takes_from:
        if source not in before:
            raise FieldError(
                field,
                f"$from {source!r} is no step that {step.name!r} depends on",
                f"one of {', '.join(sorted(before)) or 'no step: it depends on none'}",
            )


def _all_before(name: str, shape: Shape) -> set[str]:
    before: set[str] = set()
    ahead = list(shape[name])
    while ahead:
        each = ahead.pop()
        if each not in before:
            before.add(each)
            ahead += shape[each]
    return before


def planned(shape: Shape, states: Mapping[str, StepState], policy: FailurePolicy) -> Plan:
    """What is to be done, when the steps are in these states."""
    waiting = [name for name in shape if states[name] is StepState.WAITING]
    skipped = _skipped(shape, states, policy)
    ready = [
        name
        for name in waiting
        if name not in skipped and all(states[each] is StepState.COMPLETED for each in shape[name])
    ]
    is_over = len(skipped) == len(waiting) and StepState.OPEN not in states.values()
    end = None
    if is_over:
        is_whole = all(state is StepState.COMPLETED for state in states.values())
        end = WorkflowState.COMPLETED if is_whole else WorkflowState.FAILED
    return Plan(tuple(ready), tuple(name for name in waiting if name in skipped), end)


def _skipped(shape: Shape, states: Mapping[str, StepState], policy: FailurePolicy) -> set[str]:
    """The waiting steps that will never be done."""
    lost = {StepState.FAILED, StepState.CANCELLED, StepState.SKIPPED}
    dead = {name for name, state in states.items() if state in lost}
    waiting = {name for name, state in states.items() if state is StepState.WAITING}
    if not dead:
        return set()
    if policy is FailurePolicy.STOP:
        return waiting
    return {name for name in waiting if dead & _all_before(name, shape)}
