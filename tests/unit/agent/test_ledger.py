"""Attempts on disk, for the agent that comes after a killed one."""

import json
import shutil
import stat
from pathlib import Path

import pytest
from attrs import evolve

from agent.ledger import MOST_RESUMPTIONS, Entry, Ledger
from shared.messages import CompleteJob
from tests.fakes.hub import assignment, lease_of

JOB = assignment("job-1", attempt=2, params={"workflow": {"1": {}}})
NOTES = {"id": "prompt-1"}
DONE = CompleteJob(
    job_id=JOB.job_id, worker_id=JOB.worker_id, attempt=2, lease=JOB.lease, result={"seed": 2**70}
)


def after_a_kill(ledger: Ledger, folder: Path) -> list[Entry]:
    """What the next agent finds."""
    ledger.close()
    following = Ledger.at(folder)
    try:
        return following.load()
    finally:
        following.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger.at(tmp_path / "w1")
    ledger.take(JOB)
    return ledger


@pytest.fixture
def noted(ledger: Ledger) -> Ledger:
    ledger.note(lease_of(JOB), NOTES)
    return ledger


def test_an_attempt_is_found_again_with_its_notes(noted: Ledger, tmp_path: Path) -> None:
    assert noted.notes(lease_of(JOB)) == NOTES
    [entry] = after_a_kill(noted, tmp_path / "w1")
    assert (entry.lease, entry.job.params, entry.notes) == (lease_of(JOB), JOB.params, NOTES)
    assert entry.report is None


def test_an_attempt_without_notes_is_left_to_the_hub(ledger: Ledger, tmp_path: Path) -> None:
    assert list(tmp_path.glob("w1/*.json")) == []
    ledger.note(lease_of(JOB), {})
    assert after_a_kill(ledger, tmp_path / "w1") == []
    assert list(tmp_path.glob("w1/*.json")) == []


def test_it_tells_what_the_next_agent_would_find(ledger: Ledger) -> None:
    assert ledger.found_again == frozenset()
    ledger.end(lease_of(JOB), DONE)
    noted = assignment("job-2")
    ledger.take(noted)
    ledger.note(lease_of(noted), NOTES)
    assert ledger.found_again == {lease_of(JOB), lease_of(noted)}
    ledger.close()
    assert ledger.found_again == frozenset()


def test_a_report_is_found_again(ledger: Ledger, tmp_path: Path) -> None:
    ledger.end(lease_of(JOB), DONE)
    [entry] = after_a_kill(ledger, tmp_path / "w1")
    assert isinstance(entry.report, CompleteJob)
    assert entry.report.result == {"seed": 2**70}


def test_the_same_report_is_written_once(ledger: Ledger, tmp_path: Path) -> None:
    ledger.end(lease_of(JOB), DONE)
    [file] = tmp_path.glob("w1/*.json")
    written = file.stat().st_ino
    ledger.end(lease_of(JOB), evolve(DONE))
    assert file.stat().st_ino == written
    ledger.end(lease_of(JOB), evolve(DONE, result={"seed": 1}))
    assert file.stat().st_ino != written


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
        [entry] = ledger.load()
        ledger.resume(entry)
    assert after_a_kill(ledger, tmp_path / "w1") == []


def test_only_its_owner_may_read_it(noted: Ledger, tmp_path: Path) -> None:
    noted.close()
    [file] = tmp_path.glob("w1/*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_two_agents_do_not_share_a_ledger(noted: Ledger, tmp_path: Path) -> None:
    other = Ledger.at(tmp_path / "w1")
    assert other.load() == []
    other.take(JOB)
    other.drop(lease_of(JOB))
    other.close()
    assert len(after_a_kill(noted, tmp_path / "w1")) == 1


def test_without_a_folder_jobs_run_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ledger = Ledger.at(tmp_path / "file" / "w1")
    ledger.take(JOB)
    assert ledger.notes(lease_of(JOB)) == {}


def test_what_cannot_be_written_is_told(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(tmp_path / "w1")
    ledger.note(lease_of(JOB), NOTES)
    assert "will lose job-1" in caplog.text
    ledger.close()


@pytest.mark.parametrize("text", ["", "{}", '{"job": "{}", "notes": {}, "report": null}', "[1]"])
def test_what_is_not_readable_is_removed(noted: Ledger, tmp_path: Path, text: str) -> None:
    [file] = tmp_path.glob("w1/*.json")
    file.write_text(text)
    assert after_a_kill(noted, tmp_path / "w1") == []
    assert not file.exists()


def test_another_message_is_no_attempt(noted: Ledger, tmp_path: Path) -> None:
    [file] = tmp_path.glob("w1/*.json")
    told = json.loads(Entry(JOB, NOTES).text())
    file.write_text(json.dumps(told | {"report": told["job"]}))
    assert after_a_kill(noted, tmp_path / "w1") == []
