"""Digests outlive the agent, and no file is taken for another."""

from pathlib import Path

import pytest
from attrs import evolve

from agent.models import digests as digests_module
from agent.models.digests import FILE, Digests
from agent.models.files import Found, Stamp

SHA = "a" * 64
FOUND = Found("/m/one.pt", Stamp(5, 1_000, 7))


def loaded(path: Path) -> Digests:
    digests = Digests(path)
    digests.load()
    return digests


def test_what_was_hashed_is_known_after_a_restart_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "state" / FILE
    digests = loaded(path)
    assert digests.of(FOUND) is None
    digests.keep(FOUND, SHA)
    again = loaded(path)
    assert (digests.of(FOUND), again.of(FOUND)) == (SHA, SHA)
    assert again.of(FOUND) == SHA
    for change in ({"size_bytes": 6}, {"mtime_ns": 1_001}, {"inode": 8}):
        assert again.of(evolve(FOUND, stamp=evolve(FOUND.stamp, **change))) is None
    assert again.of(evolve(FOUND, path="/m/two.pt")) is None


def test_the_last_line_of_a_file_counts_and_torn_ones_do_not(tmp_path: Path) -> None:
    path = tmp_path / FILE
    digests = loaded(path)
    digests.keep(FOUND, "b" * 64)
    digests.keep(FOUND, SHA)
    with path.open("a") as file:
        file.write('["/m/one.pt", 5, 1000, 7, "no digest"]\n[1]\nnull\n["/m/one.pt", 5, 10')
    assert loaded(path).of(FOUND) == SHA


def test_files_that_are_gone_are_forgotten_once_there_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FILE
    digests = loaded(path)
    digests.keep(FOUND, SHA)
    digests.prune([])
    assert digests.of(FOUND) == SHA
    monkeypatch.setattr(digests_module, "_IDLE_ROWS", 0)
    stays = evolve(FOUND, path="/m/stays.pt")
    digests.keep(stays, SHA)
    digests.prune([stays.path])
    again = loaded(path)
    assert (again.of(stays), again.of(FOUND)) == (SHA, None)
    assert len(path.read_text().splitlines()) == 1


def test_a_folder_that_cannot_be_used_is_told_and_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "file" / FILE
    path.parent.write_text("in the way")
    digests = loaded(path)
    digests.keep(FOUND, SHA)
    assert digests.of(FOUND) == SHA
    monkeypatch.setattr(digests_module, "_IDLE_ROWS", 0)
    digests.prune([])
    assert digests.of(FOUND) is None
    assert [each for each in caplog.messages if "cannot be read" in each]
    assert len([each for each in caplog.messages if "cannot be written" in each]) == 2
