"""`emp-hub`: what it says without a hub."""

import logging
import sys

import pytest

from hub import __main__ as command
from hub import demo
from shared.version import VERSION


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["emp-hub", *arguments])
    command.main()


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_the_usage_is_shown(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, *arguments)
    assert capsys.readouterr().out == command.USAGE


def test_the_version_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "--version")
    assert capsys.readouterr().out == f"emp-hub {VERSION}\n"


def test_another_command_is_refused_with_the_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, "server")
    assert end.value.code == 2
    assert capsys.readouterr().err == f"emp-hub: 'server' is not a command\n{command.USAGE}"


def test_the_demo_gets_its_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "main", lambda flags, _: len(flags))  # pyright: ignore[reportUnknownArgumentType, reportUnknownLambdaType] - a stand-in
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, "demo", "--one", "--two")
    assert end.value.code == 2


def test_a_hub_that_cannot_run_says_why_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "set_up_logs", lambda *_: logging.getLogger())  # pyright: ignore[reportUnknownArgumentType, reportUnknownLambdaType] - a stand-in
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, "serve", "--redis-url=redis://127.0.0.1:1", "--hub-port=0")
    assert end.value.code == 1
    assert capsys.readouterr().err.startswith("emp-hub: Redis does not answer: ")
