"""Attempts on disk, for the agent that comes after a killed one."""

import os
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from agent.ledger import MOST_RESUMPTIONS, Ledger
from agent.ledger_lines import Entry, Kept
from shared.messages import CompleteJob
from tests.fakes.hub import assignment, lease_of
from tests.support.ledgers import LEDGER, no_file_longer

JOB = assignment("job-1", attempt=2, params={"workflow": {"1": {}}})
NOTES = {"id": "prompt-1"}
DONE = CompleteJob(
    job_id=JOB.job_id, worker_id=JOB.worker_id, attempt=2, lease=JOB.lease, result={"seed": 2**70}
)


def after_a_kill(ledger: Ledger, folder: Path) -> list[Kept]:
    """What the next agent finds."""
    ledger.close()
    following = Ledger.at(folder)
    try:
        return list(following.load().values())
    finally:
        following.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger.at(tmp_path / "w1")
    assert ledger.load() == {}
    ledger.take(JOB)
    return ledger


@pytest.fixture
def noted(ledger: Ledger) -> Ledger:
    ledger.note(lease_of(JOB), NOTES)
    return ledger


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is appended from now on."""
    lines: list[str] = []
    write = os.write

    def record(descriptor: int, line: bytes) -> int:
        lines.append(line.decode())
        return write(descriptor, line)

    monkeypatch.setattr(os, "write", record)
    return lines


def test_an_attempt_is_found_again_with_its_notes(noted: Ledger, tmp_path: Path) -> None:
    assert noted.notes(lease_of(JOB)) == NOTES
    [entry] = after_a_kill(noted, tmp_path / "w1")
    assert isinstance(entry, Entry)
    assert (entry.lease, entry.job.params, entry.notes) == (lease_of(JOB), JOB.params, NOTES)


def test_an_attempt_without_notes_is_left_to_the_hub(ledger: Ledger, tmp_path: Path) -> None:
    ledger.note(lease_of(JOB), {})
    assert ledger.found_again == frozenset()
    assert after_a_kill(ledger, tmp_path / "w1") == []


def test_an_attempt_of_which_nothing_is_kept_costs_no_write(
    ledger: Ledger, written: list[str]
) -> None:
    ledger.drop(lease_of(JOB))
    assert written == []


def test_an_attempt_that_has_only_an_end_costs_two_short_writes(
    tmp_path: Path, written: list[str]
) -> None:
    ledger, job = Ledger.at(tmp_path / "w1"), evolve(JOB, params={"text": "long " * 1000})
    ledger.load()
    ledger.take(job)
    ledger.end(lease_of(JOB), DONE)
    ledger.end(lease_of(JOB), evolve(DONE))
    ledger.drop(lease_of(JOB))
    assert [len(line) < 300 for line in written] == [True, True]
    assert written[1] == '{"dropped":["job-1",2,"lease-of-job-1"]}\n'


def test_another_report_takes_the_place_of_the_first(ledger: Ledger, tmp_path: Path) -> None:
    ledger.end(lease_of(JOB), DONE)
    ledger.end(lease_of(JOB), evolve(DONE, result={"seed": 1}))
    [report] = after_a_kill(ledger, tmp_path / "w1")
    assert isinstance(report, CompleteJob)
    assert report.result == {"seed": 1}


def test_it_tells_what_the_next_agent_would_find(ledger: Ledger) -> None:
    assert ledger.found_again == frozenset()
    ledger.end(lease_of(JOB), DONE)
    noted = assignment("job-2")
    ledger.take(noted)
    ledger.note(lease_of(noted), NOTES)
    assert ledger.found_again == {lease_of(JOB), lease_of(noted)}
    ledger.close()
    assert ledger.found_again == frozenset()


def test_a_report_is_found_again_and_nothing_else_of_it(noted: Ledger, tmp_path: Path) -> None:
    noted.end(lease_of(JOB), DONE)
    assert noted.notes(lease_of(JOB)) == {}
    [report] = after_a_kill(noted, tmp_path / "w1")
    assert isinstance(report, CompleteJob)
    assert report.result == {"seed": 2**70}


def test_what_is_dropped_is_gone(noted: Ledger, tmp_path: Path) -> None:
    ledger = noted
    for _ in range(2):
        ledger.drop(lease_of(JOB))
    ledger.note(lease_of(JOB), NOTES)
    ledger.end(lease_of(JOB), DONE)
    assert ledger.notes(lease_of(JOB)) == {}
    assert after_a_kill(ledger, tmp_path / "w1") == []


def test_an_attempt_goes_on_a_few_times_only(noted: Ledger, tmp_path: Path) -> None:
    ledger = noted
    for _ in range(MOST_RESUMPTIONS):
        ledger.close()
        ledger = Ledger.at(tmp_path / "w1")
        [entry] = ledger.load().values()
        assert isinstance(entry, Entry)
        ledger.resume(entry)
    assert after_a_kill(ledger, tmp_path / "w1") == []


def test_two_agents_do_not_share_a_ledger(noted: Ledger, tmp_path: Path) -> None:
    other = Ledger.at(tmp_path / "w1")
    assert other.load() == {}
    other.take(JOB)
    other.drop(lease_of(JOB))
    other.close()
    assert len(after_a_kill(noted, tmp_path / "w1")) == 1


def test_without_a_folder_jobs_run_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ledger = Ledger.at(tmp_path / "file" / "w1")
    ledger.take(JOB)
    ledger.note(lease_of(JOB), NOTES)
    assert ledger.notes(lease_of(JOB)) == NOTES
    assert ledger.found_again == frozenset()


def test_what_a_full_disk_did_not_take_is_told_and_written_later(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = assignment("job-2")
    ledger.take(other)
    with no_file_longer(20):
        ledger.note(lease_of(JOB), NOTES)
        assert "will lose job-1" in caplog.text
    ledger.end(lease_of(other), evolve(DONE, job_id="job-2", attempt=1, lease=other.lease))
    assert len(after_a_kill(ledger, tmp_path / "w1")) == 2


def test_what_a_full_disk_did_not_let_go_is_told(
    noted: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = assignment("job-2")
    noted.take(other)
    noted.note(lease_of(other), NOTES)
    with no_file_longer(20):
        noted.drop(lease_of(JOB))
        assert "will look again for job-1" in caplog.text
        noted.drop(lease_of(other))
    assert after_a_kill(noted, tmp_path / "w1") == []


@pytest.mark.parametrize("notes", [{"at": float("nan")}, {"at": float("inf")}])
def test_notes_that_cannot_be_kept_are_told_and_spoil_nothing(
    noted: Ledger, tmp_path: Path, notes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    noted.note(lease_of(JOB), notes)
    assert "will lose job-1" in caplog.text
    [entry] = after_a_kill(noted, tmp_path / "w1")
    assert isinstance(entry, Entry)
    assert entry.notes == NOTES


def test_a_line_torn_by_a_kill_spoils_no_other(noted: Ledger, tmp_path: Path) -> None:
    noted.close()
    file = tmp_path / "w1" / LEDGER
    file.write_bytes(file.read_bytes() + b'{"report":{"type":"comp')
    following = Ledger.at(tmp_path / "w1")
    other = assignment("job-2")
    following.take(other)
    following.note(lease_of(other), NOTES)  # before it is loaded, even
    assert len(after_a_kill(following, tmp_path / "w1")) == 2
