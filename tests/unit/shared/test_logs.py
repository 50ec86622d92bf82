"""Logging: one line for each record."""

import json
import logging
from collections.abc import Generator

import pytest

from shared.logs import Format, set_up_logs


@pytest.fixture(autouse=True)
def root() -> Generator[logging.Logger]:
    """The root logger, put back as it was."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield root
    root.handlers[:] = before[0]
    root.setLevel(before[1])


def fail_in(log: logging.Logger) -> None:
    try:
        _ = dict[str, str]()["x"]
    except KeyError:
        log.exception("broke")


@pytest.mark.parametrize("style", ["text", "json"])
def test_every_record_is_one_line(style: Format, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", style)
    log = logging.getLogger("test")
    log.info("one\ntwo\r\x1b[31mred\x9b\u2028 %s", "ä")
    fail_in(log)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "KeyError" in lines[1]


def test_text_shows_control_characters_by_their_escapes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs("info", "text")
    logging.getLogger("test").info("one\ntwo\x1b\x85\u2028 ä")
    assert r"one\ntwo\x1b\x85\u2028 ä" in capsys.readouterr().err


def test_json_keeps_the_message_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "json")
    log = logging.getLogger("test.json")
    log.warning("one\ntwo %d", 3)
    fail_in(log)
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["level"], first["logger"], first["message"]) == (
        "warning",
        "test.json",
        "one\ntwo 3",
    )
    assert first["time"].endswith("Z")
    assert "exception" not in first
    assert "KeyError" in second["exception"]


def test_records_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("warning", "text")
    logging.getLogger("test").info("quiet")
    assert capsys.readouterr().err == ""


def test_a_second_set_up_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "json")
    set_up_logs("info", "text")
    logging.getLogger("test").info("once")
    assert len(capsys.readouterr().err.splitlines()) == 1
