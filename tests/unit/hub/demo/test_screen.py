"""What is shown while the job runs."""

from io import StringIO

import pytest
from rich.console import Console

from hub.demo.client import JobEvent
from hub.demo.screen import describe, progress_display
from shared.states import JobState


def _at(progress: float, node: str, step: int | None = None) -> JobEvent:
    details = {"node": node, "node_title": f"Node {node}", "step": step, "steps": 20}
    return JobEvent(
        name="progress", status=JobState.IN_PROGRESS, progress=progress, details=details
    )


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (_at(40, "3", 8), "Node 3 step 8 of 20"),
        (_at(40, "3"), "Node 3"),
        (JobEvent(name="progress", status=JobState.IN_PROGRESS, details={"node": 9}), "9"),
        (JobEvent(name="retrying", status=JobState.DELAYED, message="in 5 s"), "in 5 s"),
        (JobEvent(name="claimed", status=JobState.ASSIGNED), "claimed"),
        (JobEvent(name="x", status=JobState.PENDING, message="\x1b[2Jboo\n"), " [2Jboo "),
    ],
)
def test_an_event_is_described_by_the_best_words_it_brings(event: JobEvent, words: str) -> None:
    assert describe(event) == words


def test_a_file_gets_one_line_for_each_node_and_each_tenth() -> None:
    text = StringIO()
    with progress_display(Console(file=text, soft_wrap=True)) as show:
        for event in (_at(1, "4"), _at(2, "4"), _at(3, "3", 1), _at(9, "3", 2), _at(12, "3", 3)):
            show(event)
        show(JobEvent(name="released", status=JobState.PENDING))
        show(JobEvent(name="completed", status=JobState.COMPLETED))
    assert text.getvalue().splitlines() == [
        "    1 %  in_progress  Node 4",
        "    3 %  in_progress  Node 3 step 1 of 20",
        "   12 %  in_progress  Node 3 step 3 of 20",
        "   12 %  pending      released",
        "  100 %  completed    completed",
    ]


@pytest.mark.parametrize(
    ("last", "parts"),
    [
        (_at(50, "[3]", 8), ("in_progress", " 50%", "Node [3] step 8 of 20")),
        (JobEvent(name="released", status=JobState.PENDING), ("pending", " 40%", "released")),
        (JobEvent(name="completed", status=JobState.COMPLETED), ("completed", "100%")),
    ],
)
def test_a_terminal_gets_a_bar_with_the_state_and_what_goes_on(
    last: JobEvent, parts: tuple[str, ...]
) -> None:
    text = StringIO()
    with progress_display(Console(file=text, force_terminal=True, width=100)) as show:
        show(_at(40, "4"))
        show(last)
    final = text.getvalue().rpartition("\x1b[2K")[2]
    assert [part for part in parts if part not in final] == []
