"""Which agent a command is for, by real sockets."""

import os
import socket
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.commands import finding
from agent.commands.finding import TellError, find_socket
from agent.settings import AgentSettings
from shared.settings import Resolved, resolve


@pytest.fixture
def place() -> Generator[Path]:
    with TemporaryDirectory(prefix="emp-") as directory:  # a socket's path must be short
        yield Path(directory)


@pytest.fixture
def listen(place: Path) -> Generator[Callable[[str], Path]]:
    with ExitStack() as lines:

        def listening(name: str) -> Path:
            line = lines.enter_context(socket.socket(socket.AF_UNIX))
            line.bind(str(place / name))
            line.listen()
            return place / name

        yield listening


def _find(place: Path, *flags: str) -> Path:
    resolved: Resolved[AgentSettings] = resolve(
        AgentSettings, ["--state-dir", str(place), *flags], {}, "emp-agent", ""
    )
    return find_socket(resolved)


def test_the_only_agent_is_meant(place: Path, listen: Callable[[str], Path]) -> None:
    (place / "dead.sock").touch()
    path = listen("w1.sock")
    assert _find(place) == _find(place, "--worker-id", "w1") == path


def test_of_several_one_must_be_named(place: Path, listen: Callable[[str], Path]) -> None:
    listen("w1.sock")
    second = listen("w2.sock")
    with pytest.raises(TellError, match=r"several agents run here: .*--worker-id \(w1, w2\)"):
        _find(place)
    assert _find(place, "--worker-id", "w2") == second
    assert _find(place, "--control-socket", str(second)) == second


def test_where_none_runs_the_places_are_told(place: Path) -> None:
    with pytest.raises(TellError, match=rf"no agent runs here: none answers at {place}/w1\.sock"):
        _find(place, "--worker-id", "w1")
    with pytest.raises(TellError, match="--state-dir"):
        _find(place)


def test_what_belongs_to_somebody_else_is_not_asked(
    place: Path, listen: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = listen("w1.sock")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(TellError, match=r"belongs to \w+: run this command as that user or root"):
        _find(place)


def test_what_may_not_be_asked_belongs_to_somebody_else(
    place: Path, listen: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    listen("w1.sock")

    class Refused(socket.socket):
        def connect(self, _address: object, /) -> None:
            raise PermissionError

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(finding.socket, "socket", Refused)
    monkeypatch.setattr(finding.pwd, "getpwuid", nobody)
    with pytest.raises(TellError, match="belongs to somebody else"):
        _find(place)
