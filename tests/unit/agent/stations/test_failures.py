"""Failures that repeat."""

import pytest

from agent.runner import Outcome, Released, Succeeded
from agent.stations import Failures
from shared.jobs import Failure
from shared.states import ErrorClass

DONE = Succeeded({})


def failed(error_class: ErrorClass) -> Failure:
    return Failure(error="CUDA error: no kernel image", error_class=error_class)


class Machine:
    """Failures of a machine that bears two in a row."""

    def __init__(self, limit: int = 2) -> None:
        self.drained: list[str] = []
        self.failures = Failures(limit, self.drained.append)

    def note(self, *outcomes: tuple[str, Outcome]) -> list[str | None]:
        return [self.failures.note(*each) for each in outcomes]


def test_a_gpu_that_fails_again_and_again_is_taken_out_alone() -> None:
    machine, bad = Machine(), failed(ErrorClass.CUDA)
    verdicts = machine.note(("a", bad), ("b", DONE), ("a", bad), ("b", bad))
    assert [bool(each) for each in verdicts] == [False, False, True, False]
    assert verdicts[2] == (
        "2 jobs in a row failed with cuda, the last with: CUDA error: no kernel image"
    )
    assert machine.drained == []


def test_what_all_workers_lack_drains_the_machine() -> None:
    machine, bad = Machine(), failed(ErrorClass.MISSING_MODEL)
    assert machine.note(("a", bad), ("b", bad)) == [None, None]
    assert "missing_model" in machine.drained[0]


@pytest.mark.parametrize("between", [DONE, failed(ErrorClass.HANG)])
def test_anything_else_between_begins_the_count_anew(between: Outcome) -> None:
    bad = failed(ErrorClass.CUDA)
    assert Machine().note(("a", bad), ("a", between), ("a", bad)) == [None, None, None]


@pytest.mark.parametrize(
    "outcome", [Released(), failed(ErrorClass.VALIDATION), failed(ErrorClass.TIMEOUT)]
)
def test_what_is_not_the_machines_doing_does_not_count(outcome: Outcome) -> None:
    machine = Machine(limit=1)
    assert machine.note(("a", outcome), ("a", outcome)) == [None, None]
    assert machine.drained == []


def test_without_a_limit_nothing_counts() -> None:
    assert Machine(limit=0).note(("a", failed(ErrorClass.CUDA))) == [None]
