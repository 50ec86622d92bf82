"""The table of transitions agrees with itself and with the drawing in the documentation."""

from pathlib import Path

import pytest

from shared.states import LEASED, TERMINAL, TRANSITIONS, ErrorClass, JobState, Reason

DOCUMENT = Path(__file__).parents[3] / "docs" / "states.md"


def drawing() -> str:
    """The diagram of the table: one line for each pair of states, in the table's order."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for each in TRANSITIONS:
        verbs.setdefault((each.source or "[*]", each.target), []).append(each.verb)
    arrows = [f"    {source} --> {target}: {', '.join(v)}" for (source, target), v in verbs.items()]
    ends = [f"    {state} --> [*]" for state in JobState if state in TERMINAL]
    return "\n".join(["```mermaid", "stateDiagram-v2", *arrows, *ends, "```"])


def test_the_documentation_draws_the_table() -> None:
    assert drawing() in DOCUMENT.read_text(), f"docs/states.md must contain\n{drawing()}"


WORDS = {*map(str, JobState), *map(str, Reason), *(each.verb for each in TRANSITIONS)}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_the_documentation_explains_every_word(word: str) -> None:
    assert f"`{word}`" in DOCUMENT.read_text()


@pytest.mark.parametrize("state", JobState)
def test_a_state_is_terminal_exactly_when_nothing_leaves_it(state: JobState) -> None:
    leaves = [each for each in TRANSITIONS if each.source is state]
    assert state.is_terminal == (state in TERMINAL) == (not leaves)


def test_every_state_is_reached_from_a_submission() -> None:
    reached: set[JobState] = set()
    while (
        new := {
            each.target for each in TRANSITIONS if each.source is None or each.source in reached
        }
        - reached
    ):
        reached |= new
    assert reached == set(JobState)


@pytest.mark.parametrize("state", [each for each in JobState if each not in TERMINAL])
def test_every_job_can_end_in_every_way(state: JobState) -> None:
    reached = {state}
    while new := {each.target for each in TRANSITIONS if each.source in reached} - reached:
        reached |= new
    assert reached >= TERMINAL


def test_no_arrow_is_drawn_twice() -> None:
    assert len(set(TRANSITIONS)) == len(TRANSITIONS)


def test_only_a_holder_reports_and_only_a_holder_is_reaped() -> None:
    for verb in ("fail", "release", "reap"):
        assert {each.source for each in TRANSITIONS if each.verb == verb} == LEASED


def test_only_a_payload_that_is_invalid_is_beyond_a_retry() -> None:
    assert [each for each in ErrorClass if not each.is_retryable] == [ErrorClass.VALIDATION]
