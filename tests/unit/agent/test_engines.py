"""Parts of the engines' supervision that need no process."""

import asyncio
import socket
import sys

import pytest

from agent.engines import ports
from agent.engines.environment import engine_environ
from agent.engines.log_ring import LONGEST_LINE, LogRing
from agent.engines.ports import NoPortError, Ports


def test_lines_are_kept_without_their_colours() -> None:
    ring = LogRing()
    ring.write("\x1b[32mone\x1b[0m\ntw")
    ring.write("o\r 10%\r 20%\n\n")
    assert ring.last() == ["one", "two", " 10%", " 20%"]
    ring.write("the end")
    ring.end()
    ring.end()
    assert ring.last(1) == ["the end"]


def test_a_line_without_an_end_is_cut() -> None:
    ring = LogRing()
    ring.write("x" * (LONGEST_LINE + 5))
    assert ring.last() == ["x" * LONGEST_LINE]


async def test_new_lines_go_to_whoever_follows() -> None:
    ring = LogRing()
    ring.write("before\n")
    lines = ring.follow()
    following = asyncio.ensure_future(anext(lines))
    await asyncio.sleep(0)
    ring.write("after\n")
    assert await following == "after"
    await lines.aclose()
    ring.write("to nobody\n")


def test_a_port_is_given_once_until_it_comes_back() -> None:
    given = Ports()
    first = given.take(28_188)
    assert given.take(28_188) > first
    given.give_back(first)
    assert given.take(28_188) == first


def test_without_a_free_port_the_range_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "SPAN", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NoPortError, match=f"no port from {port}"):
            Ports().take(port)


def test_an_engine_sees_its_gpu_and_no_secret_of_the_agent() -> None:
    ours = {"PATH": "/bin", "WORKER_TOKEN": "x", "HF_TOKEN": "y", "_PYI_ARCHIVE_FILE": "z"}
    got = engine_environ(ours, "GPU-1", ["WORKER_TOKEN", "HF_TOKEN", "WORKER_ID"])
    assert got == {
        "PATH": "/bin",
        "HF_TOKEN": "y",
        "PYTHONUNBUFFERED": "1",
        "CUDA_VISIBLE_DEVICES": "GPU-1",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }
    assert "CUDA_VISIBLE_DEVICES" not in engine_environ(ours, None)


def test_the_library_path_is_the_hosts_own(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = {"LD_LIBRARY_PATH": "/tmp/_MEI1"}  # noqa: S108 - only a name
    assert engine_environ(bundled, None)["LD_LIBRARY_PATH"] == "/tmp/_MEI1"  # noqa: S108
    before = bundled | {"LD_LIBRARY_PATH_ORIG": "/usr/local/cuda/lib64"}
    assert engine_environ(before, None)["LD_LIBRARY_PATH"] == "/usr/local/cuda/lib64"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "LD_LIBRARY_PATH" not in engine_environ(bundled, None)
