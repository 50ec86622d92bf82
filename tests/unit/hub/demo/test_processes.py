"""Children that never outlive the demo, as real processes."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from hub.demo.errors import DemoError
from hub.demo.processes import Child, check_port, while_running
from tests.fakes.demo_children import Witness, witness


@pytest.fixture
async def seen() -> AsyncGenerator[Witness]:
    async with witness() as seen:
        yield seen


def _child(tmp_path: Path, command: tuple[str, ...], stop_within_s: float = 30) -> Child:
    return Child("hub", command, dict(os.environ), tmp_path / "logs" / "hub.log", stop_within_s)


async def test_a_child_runs_from_entry_to_exit_in_a_session_of_its_own(
    tmp_path: Path, seen: Witness
) -> None:
    async with _child(tmp_path, seen.child()) as child:
        life = await seen.birth()
        assert os.getsid(child.pid) == child.pid
    assert await life.read() == b""
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path, seen: Witness) -> None:
    async with _child(tmp_path, seen.child(then="stay on SIGTERM"), 0.1) as child:
        await child.says("ready", 30)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


async def test_a_wait_for_a_child_that_is_given_up_kills_it(tmp_path: Path, seen: Witness) -> None:
    child = _child(tmp_path, seen.child(then="stay on SIGTERM"))
    await child.__aenter__()
    await child.says("ready", 30)
    stopping = asyncio.create_task(child.__aexit__(None, None, None))
    asyncio.get_running_loop().call_soon(stopping.cancel)
    with pytest.raises(asyncio.CancelledError):
        await stopping
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


async def test_a_child_is_heard_by_the_line_it_says(tmp_path: Path, seen: Witness) -> None:
    command = seen.child("once upon\nlistening on http://h:1\na time")
    async with _child(tmp_path, command) as child:
        assert await child.says("listening on ", 30) == "http://h:1"


async def test_an_earlier_run_is_not_heard(tmp_path: Path, seen: Witness) -> None:
    async with _child(tmp_path, seen.child("listening on http://old")) as child:
        await child.says("listening on ", 30)
    async with _child(tmp_path, seen.child("listening on http://new")) as child:
        assert await child.says("listening on ", 30) == "http://new"
        assert child.log_tail() == ["listening on http://new"]
    assert child.log_path.read_text().splitlines() == [
        "listening on http://old",
        "listening on http://new",
    ]


async def test_a_child_that_says_nothing_in_time_is_named(tmp_path: Path, seen: Witness) -> None:
    async with _child(tmp_path, seen.child()) as child:
        with pytest.raises(DemoError, match=r"the hub did not start in 0\.1 s; see .*hub\.log"):
            await child.says("listening on ", 0.1)


async def test_a_child_that_ends_instead_of_speaking_is_named(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "print(*range(20), sep='\\n'); raise SystemExit(7)")
    async with _child(tmp_path, command) as child:
        with pytest.raises(DemoError, match=r"the hub ended with status 7: 19; see .*hub\.log"):
            await child.says("listening on ", 30)
        assert child.log_tail() == [str(number) for number in range(10, 20)]


async def test_work_ends_with_its_result_or_its_error(tmp_path: Path, seen: Witness) -> None:
    async def fail() -> None:
        raise ValueError("as it must")

    async with _child(tmp_path, seen.child()) as child:
        assert await while_running(asyncio.sleep(0, "done"), child) == "done"
        with pytest.raises(ValueError, match="as it must"):
            await while_running(fail(), child)


async def test_work_is_dropped_when_a_child_ends(tmp_path: Path, seen: Witness) -> None:
    dropped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            dropped.set()

    async with _child(tmp_path, seen.child(then="end with 3")) as child:
        await seen.birth()
        asyncio.get_running_loop().call_soon(seen.end)
        with pytest.raises(DemoError, match="the hub ended with status 3"):
            await while_running(work(), child)
    assert dropped.is_set()


async def test_a_child_goes_when_its_parent_is_killed(tmp_path: Path, seen: Witness) -> None:
    parent = f"""
import asyncio, os, pathlib
from hub.demo.processes import Child
async def main():
    log = pathlib.Path({str(tmp_path)!r}) / "log"
    async with Child("hub", {seen.child(then="stay on SIGTERM")!r}, dict(os.environ), log, 30):
        await asyncio.Event().wait()
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent)
    life = await seen.birth()
    process.send_signal(signal.SIGKILL)
    assert await life.read() == b""
    await process.wait()


def test_a_port_in_use_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoError, match=rf"port {port} cannot be used.*--port 0"):
            check_port(port)
    check_port(port)
    check_port(0)
