"""What a worker remembers of what it ran."""

import pytest

from agent.connectors.base import Preview, Progress
from agent.inventory import GpuFault
from agent.runner import Succeeded
from agent.stations.journal import KEPT, End, Journal
from shared.jobs import Failure
from tests.fakes.hub import assignment

PICTURE = Preview(mime_type="image/png", content=b"png")


def test_what_runs_shows_its_latest_progress_and_the_newest_picture() -> None:
    journal, told = Journal(), list[Progress]()
    with journal.entry(assignment("a")) as entry:
        report = entry.noting(told.append)
        report(Progress(percent=10, preview=PICTURE))
        report(Progress(percent=20))
        [current] = journal.current
        assert (current.progress.percent, current.preview) == (20, PICTURE)
        entry.outcome = Succeeded({})
    assert [each.percent for each in told] == [10, 20]
    assert journal.current == []


@pytest.mark.parametrize(
    ("outcome", "is_cancelled", "end"),
    [
        (Succeeded({}), False, End.COMPLETED),
        (Succeeded({}), True, End.COMPLETED),  # it was done before it could be stopped
        (Failure(error="x"), False, End.FAILED),
        (Failure(error="x"), True, End.CANCELLED),
        (None, True, End.CANCELLED),
        (None, False, End.STOPPED),
    ],
)
def test_how_an_attempt_ended(
    *, outcome: Succeeded | Failure | None, is_cancelled: bool, end: End
) -> None:
    journal = Journal()
    with journal.entry(assignment("a")) as entry:
        entry.outcome, entry.is_cancelled = outcome, is_cancelled
    [past] = journal.past
    assert (past.job.job_id, past.end) == ("a", end)
    assert past.failure == (outcome if isinstance(outcome, Failure) else None)
    assert journal.counts[end] == sum(journal.counts.values()) == 1


def test_the_oldest_are_forgotten_but_counted() -> None:
    journal = Journal()
    for number in range(KEPT + 1):
        with journal.entry(assignment(str(number))) as entry:
            entry.outcome = Succeeded({})
    assert [each.job.job_id for each in journal.past] == [str(n) for n in range(1, KEPT + 1)]
    assert journal.counts[End.COMPLETED] == KEPT + 1
    assert journal.busy_s > 0


def test_a_fault_of_the_gpu_is_noted_with_every_attempt_that_runs() -> None:
    journal = Journal()
    journal.fault(GpuFault("GPU-1", "XID 31", 31, lasts=False))
    with journal.entry(assignment("a")) as a, journal.entry(assignment("b")) as b:
        journal.fault(GpuFault("GPU-1", "XID 43", 43, lasts=False))
        journal.fault(GpuFault("GPU-1", "ECC"))
        assert (a.xids, b.xids) == ([43], [43])
