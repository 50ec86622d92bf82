"""What the lines of a ledger come to."""

import pytest

from agent.ledger_lines import Entry, come_to, dropped_line, line_of
from shared.messages import CompleteJob, ReleaseJob
from shared.states import Reason
from shared.wire import encode
from tests.fakes.hub import assignment, lease_of

JOB, OTHER = assignment("job-1"), assignment("job-2")
ENTRY = Entry(JOB, {"id": "p"}, 2)
RELEASED = ReleaseJob(
    job_id="job-1", worker_id="w1", attempt=1, lease=JOB.lease, reason=Reason.DRAINED
)


def lines(*told: str) -> list[bytes]:
    """As they are read."""
    return "".join(told).encode().splitlines()


def test_an_attempt_is_known_by_its_last_line() -> None:
    [entry] = come_to(lines(line_of(Entry(JOB)), line_of(ENTRY))).values()
    assert isinstance(entry, Entry)
    assert (entry.lease, entry.notes, entry.resumed) == (lease_of(JOB), {"id": "p"}, 2)


def test_a_report_takes_the_place_of_its_attempt() -> None:
    [(lease, report)] = come_to(lines(line_of(ENTRY), line_of(RELEASED))).items()
    assert lease == lease_of(JOB)
    assert isinstance(report, ReleaseJob)
    assert report.reason == "drained"


def test_what_is_dropped_is_gone_and_the_rest_is_as_old_as_it_was() -> None:
    kept = come_to(
        lines(
            *(line_of(Entry(each)) for each in (JOB, OTHER, assignment("job-3"))),
            dropped_line(lease_of(OTHER)),
            dropped_line(lease_of(OTHER)),
            line_of(RELEASED),
        )
    )
    assert [lease.job_id for lease in kept] == ["job-1", "job-3"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\0\0\0",
        "\ufffd",
        "[1]",
        "{}",
        line_of(ENTRY)[:-2],
        '{"job":{},"notes":{},"resumed":0}',
        f'{{"job":{encode(RELEASED)},"notes":{{}},"resumed":0}}',
        f'{{"job":{encode(JOB)},"notes":[],"resumed":0}}',
        f'{{"report":{encode(JOB)}}}',
        f'{{"report":{encode(CompleteJob(job_id="a", worker_id="w1"))}}}',
        '{"dropped":["job-1"]}',
        '{"dropped":["job-1","1","lease"]}',
    ],
)
def test_a_line_that_is_not_readable_is_left_out_and_told(
    line: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = come_to([line_of(ENTRY).encode(), line.encode(), line_of(Entry(OTHER)).encode()])
    assert list(kept) == [lease_of(JOB), lease_of(OTHER)]
    assert "line 2 of the ledger is not readable" in caplog.text


def test_what_json_cannot_say_is_not_kept() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        line_of(Entry(JOB, {"at": float("nan")}))
