"""Whoever started the agent is told when it works."""

import os
import socket
from pathlib import Path

import pytest

from tests.fakes.hub import FakeHub
from tests.support.agents import Start, end


async def test_it_says_so_when_the_hub_has_registered_a_worker(
    hub: FakeHub, start: Start, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notice:
        notice.bind(str(tmp_path / "notice"))
        agent = await start("run", NOTIFY_SOCKET=str(tmp_path / "notice"))
        talk = await hub.accepted()
        with pytest.raises(BlockingIOError):
            notice.recv(64, socket.MSG_DONTWAIT)
        await talk.welcome()
        notice.settimeout(20)
        assert notice.recv(64) == b"READY=1"
        agent.terminate()
        assert (await end(agent))[0] == 0


async def test_nobody_who_hears_is_no_reason_to_end(
    hub: FakeHub, start: Start, tmp_path: Path
) -> None:
    agent = await start("run", NOTIFY_SOCKET=str(tmp_path / "nobody"))
    await hub.welcomed()
    reading = agent.stderr
    assert reading is not None
    line = b""
    while b"nobody hears" not in line:
        line = await reading.readline()
        assert line
    agent.terminate()
    assert (await end(agent))[0] == 0
    assert "NOTIFY_SOCKET" not in os.environ
