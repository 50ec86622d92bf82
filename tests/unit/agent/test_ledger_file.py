"""The file of a ledger: what is added is there, on a full disk, after a kill, however long it becomes."""

import stat
from collections.abc import Generator
from pathlib import Path

import pytest

from agent import ledger_file
from agent.ledger_file import LedgerFile
from tests.support.ledgers import LEDGER, no_file_longer


def nothing() -> str:
    return ""


def unasked() -> str:
    raise AssertionError("it is appended to")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "w1" / LEDGER


@pytest.fixture
def file(path: Path) -> Generator[LedgerFile]:
    file = LedgerFile.alone(path)
    assert file.read() == []
    file.begin("")
    yield file
    file.close()


def test_lines_are_appended(file: LedgerFile, path: Path) -> None:
    file.add("one\n", unasked)
    first = path.stat().st_ino
    file.add("two\n", unasked)
    assert path.read_text() == "one\ntwo\n"
    assert path.stat().st_ino == first


def test_it_is_for_its_owner_alone(file: LedgerFile, path: Path) -> None:
    file.add("one\n", unasked)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    file.rewrite("two\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_is_one_agents_at_a_time(path: Path) -> None:
    first = LedgerFile.alone(path)
    with pytest.raises(BlockingIOError):
        LedgerFile.alone(path)
    first.close()
    LedgerFile.alone(path).close()


def test_what_was_there_is_not_added_to_before_it_is_whole(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("one\ntor")
    file = LedgerFile.alone(path)
    assert file.read() == [b"one", b"tor"]
    file.add("two\n", lambda: "one\ntwo\n")
    file.add("three\n", unasked)
    assert path.read_text() == "one\ntwo\nthree\n"
    file.close()


def test_a_line_that_does_not_fit_is_written_once_there_is_room(
    file: LedgerFile, path: Path
) -> None:
    file.add("one\n", unasked)
    with no_file_longer(6):
        for _ in range(2):
            with pytest.raises(OSError, match="too large"):
                file.add("two\n", lambda: "one\ntwo\n")
        assert path.read_text() == "one\ntw"
        assert [each.name for each in path.parent.iterdir() if each.name != "lock"] == [LEDGER]
    file.add("three\n", lambda: "one\ntwo\nthree\n")
    file.add("four\n", unasked)
    assert path.read_text() == "one\ntwo\nthree\nfour\n"


def test_a_torn_line_is_mended_at_once_where_less_is_of_use(file: LedgerFile, path: Path) -> None:
    file.add("one\n", unasked)
    with no_file_longer(6):
        file.add("two\n", lambda: "two\n")
    assert path.read_text() == "two\n"


def test_where_nothing_is_of_use_a_full_disk_is_no_hindrance(file: LedgerFile, path: Path) -> None:
    file.add("one\n", unasked)
    with no_file_longer(4):
        file.add("two\n", nothing)
    assert path.read_text() == ""


def test_a_long_one_is_written_anew(
    file: LedgerFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_file, "LONG_BYTES", 10)
    file.rewrite("")
    for _ in range(2):
        file.add("12345", unasked)
    file.add("!", lambda: "12345")
    assert path.read_text() == "12345"
    file.add("12345678901234", unasked)  # not yet much longer than what was of use
    file.add("12", nothing)
    assert path.read_text() == ""


def test_one_that_cannot_be_shortened_is_added_to(
    file: LedgerFile, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ledger_file, "LONG_BYTES", 10)
    file.rewrite("")
    with no_file_longer(30):
        file.add("12345678901", lambda: "?" * 31)
        assert "longer than need be" in caplog.text
        file.add("1234567890", unasked)
    file.add("12", lambda: "12")
    assert path.read_text() == "12"


def test_what_is_no_file_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.mkdir(parents=True)
    file = LedgerFile.alone(path)
    assert file.read() == []
    assert "is not readable" in caplog.text
    with pytest.raises(IsADirectoryError):
        file.add("one\n", lambda: "one\n")
    file.close()


def test_remains_are_removed(file: LedgerFile, path: Path) -> None:
    for name in ("job-1.json", f".{LEDGER}.77"):
        path.with_name(name).touch()
    file.begin("one\n")
    assert {each.name for each in path.parent.iterdir()} == {"lock", LEDGER}


def test_remains_that_cannot_be_removed_are_told(
    file: LedgerFile, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.with_name("job-1.json").mkdir()
    file.begin("one\n")
    assert "is left as it is" in caplog.text
