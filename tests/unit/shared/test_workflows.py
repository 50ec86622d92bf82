"""Graphs of steps: which are sound, and what is to be done in one next."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.fields import FieldError
from shared.workflows import (
    FailurePolicy,
    Plan,
    StepNeeds,
    StepState,
    WorkflowState,
    planned,
    shape_of,
)

FORK = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
COMPLETED = StepState.COMPLETED
CODES = {"!" if state is COMPLETED else state.value[0]: state for state in StepState}


def states(words: str) -> dict[str, StepState]:
    """The steps a, b, c, … by the first letters of their states; `!` is completed."""
    return {chr(ord("a") + at): CODES[letter] for at, letter in enumerate(words)}


@pytest.mark.parametrize(
    ("words", "policy", "plan"),
    [
        ("wwww", "stop", Plan(ready=("a",))),
        ("owww", "stop", Plan()),
        ("!www", "stop", Plan(ready=("b", "c"))),
        ("!!ow", "stop", Plan()),
        ("!!!w", "stop", Plan(ready=("d",))),
        ("!!!!", "stop", Plan(end=WorkflowState.COMPLETED)),
        ("!fow", "stop", Plan(skipped=("d",))),
        ("!fww", "stop", Plan(skipped=("c", "d"), end=WorkflowState.FAILED)),
        ("!fww", "continue", Plan(ready=("c",), skipped=("d",))),
        ("!cow", "continue", Plan(skipped=("d",))),
        ("!f!s", "continue", Plan(end=WorkflowState.FAILED)),
        ("fwww", "continue", Plan(skipped=("b", "c", "d"), end=WorkflowState.FAILED)),
    ],
)
def test_what_is_to_be_done_follows_from_the_states(words: str, policy: str, plan: Plan) -> None:
    assert planned(FORK, states(words), FailurePolicy(policy)) == plan


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Graphs without a cycle."""
    shape: dict[str, tuple[str, ...]] = {}
    for number in range(draw(st.integers(1, 8))):
        before = st.lists(st.sampled_from(sorted(shape) or [""]), unique=True, max_size=3)
        shape[f"s{number}"] = tuple(draw(before)) if shape else ()
    return shape


@given(
    shape=shapes(),
    policy=st.sampled_from(FailurePolicy),
    endings=st.lists(
        st.sampled_from(["completed", "completed", "failed", "cancelled"]), min_size=8
    ),
)
def test_every_graph_comes_to_its_end(
    shape: dict[str, tuple[str, ...]], policy: FailurePolicy, endings: list[str]
) -> None:
    now = dict.fromkeys(shape, StepState.WAITING)
    for ending in [*endings, *["completed"] * len(shape)]:
        plan = planned(shape, now, policy)
        for step in plan.ready:
            assert all(now[each] is StepState.COMPLETED for each in shape[step])
            now[step] = StepState.OPEN
        now |= dict.fromkeys(plan.skipped, StepState.SKIPPED)
        if plan.end:
            break
        running = next(step for step, state in now.items() if state is StepState.OPEN)
        now[running] = StepState(ending)
    plan = planned(shape, now, policy)
    is_whole = set(now.values()) == {StepState.COMPLETED}
    assert plan == Plan(end=WorkflowState.COMPLETED if is_whole else WorkflowState.FAILED)


def test_a_sound_graph_keeps_its_order() -> None:
    steps = [StepNeeds("b", ("a",), ("a",)), StepNeeds("a"), StepNeeds("c", ("b",), ("a", "b"))]
    assert list(shape_of(steps)) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("steps", "field", "problem"),
    [
        ([StepNeeds("a"), StepNeeds("a")], "[1].name", "two steps 'a'"),
        ([StepNeeds("a", ("x",))], "[0].depends_on", "no step 'x'"),
        ([StepNeeds("a", ("b",)), StepNeeds("b", ("a",))], "", "is a cycle"),
        ([StepNeeds("a", ("a",))], "", "a → a is a cycle"),
        ([StepNeeds("a", (), ("b",)), StepNeeds("b")], "[0].payload", "'b' is no step that 'a'"),
        ([StepNeeds("a"), StepNeeds("b", ("a",), ("b",))], "[1].payload", "'b' is no step"),
    ],
)
def test_what_is_wrong_is_named(steps: list[StepNeeds], field: str, problem: str) -> None:
    with pytest.raises(FieldError, match=re.escape(problem)) as refused:
        shape_of(steps)
    assert refused.value.field == field
    assert refused.value.accepted
