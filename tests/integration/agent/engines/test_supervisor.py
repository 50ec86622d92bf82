"""Engines as real processes under their supervisor."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.engines import EngineState, Limits, Supervisor
from agent.engines.ports import Ports
from tests.support.engines import Checkout, is_running
from tests.support.ports import free_port
from tests.support.waiting import wait_until

QUICK = Limits(stop_s=5, first_retry_s=0.05, retry_cap_s=0.1, crashes=3)


class Watch:
    """A running supervisor and the states it has been in."""

    def __init__(
        self, checkout: Checkout, limits: Limits = QUICK, port: int | None = None, **changes: Any
    ) -> None:
        self.checkout = checkout
        self.supervisor = Supervisor(
            checkout.kind,
            lambda port: checkout.recipe(port, **changes),
            port or free_port(),
            Ports(),
            limits,
        )
        self.states: list[EngineState] = []
        self.supervisor.changed = lambda: self.states.append(self.supervisor.state)
        self.running = asyncio.create_task(self.supervisor.run())

    async def reaches(self, state: EngineState) -> None:
        await wait_until(lambda: self.supervisor.state is state, 20)

    async def end(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


@pytest.fixture
async def watches() -> AsyncGenerator[list[Watch]]:
    watches: list[Watch] = []
    yield watches
    for watch in watches:
        await watch.end()


async def test_an_engine_serves_on_its_own_port_and_gpu_and_nothing_of_it_is_left(
    tmp_path: Path, watches: list[Watch]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port := free_port()))
        taken.listen()
        watch = Watch(Checkout.make("comfyui", tmp_path), port=port, gpu="GPU-7")
        watches.append(watch)
        await watch.reaches(EngineState.READY)
    facts = watch.checkout.facts
    assert watch.supervisor.url.startswith("http://127.0.0.1:")
    assert watch.supervisor.url != f"http://127.0.0.1:{port}"
    assert facts["environ"]["CUDA_VISIBLE_DEVICES"] == "GPU-7"
    assert watch.supervisor.engine is not None
    assert facts["pid"] == watch.supervisor.engine.pid
    assert watch.supervisor.engine.rss_gb() > 0
    assert "Starting" in watch.supervisor.log.last()
    await watch.end()
    assert not is_running(facts["pid"])
    await wait_until(lambda: not is_running(facts["child"]))  # it is killed, and dies as it may
    assert watch.states == [EngineState.STARTING, EngineState.READY, EngineState.STOPPED]


async def test_a1111_is_not_asked_before_it_says_that_it_has_started(
    tmp_path: Path, watches: list[Watch]
) -> None:
    watch = Watch(Checkout.make("a1111", tmp_path, warm_s=1))
    watches.append(watch)
    await watch.reaches(EngineState.READY)
    assert watch.checkout.heard == ["/sdapi/v1/progress?skip_current_image=true"]
    assert not [line for line in watch.supervisor.log.last() if "middleware" in line]


async def test_what_an_engine_writes_may_be_its_end_although_it_lives_on(
    tmp_path: Path, watches: list[Watch]
) -> None:
    line = "RuntimeError: Cannot add middleware after an application has started"
    watch = Watch(Checkout.make("a1111", tmp_path, line=line, hang=True))
    watches.append(watch)
    await watch.reaches(EngineState.FAILED)
    assert watch.supervisor.problem is not None
    assert "it wrote: RuntimeError" in watch.supervisor.problem


async def test_a_crash_is_followed_by_a_new_start(tmp_path: Path, watches: list[Watch]) -> None:
    watch = Watch(Checkout.make("comfyui", tmp_path))
    watches.append(watch)
    await watch.reaches(EngineState.READY)
    pid = watch.checkout.facts["pid"]
    os.kill(pid, signal.SIGKILL)
    await wait_until(lambda: EngineState.WAITING in watch.states)
    await watch.reaches(EngineState.READY)
    assert watch.checkout.facts["pid"] != pid
    assert watch.supervisor.starts == 2
    last = partial(watch.supervisor.last_lines, 200)  # what the dead run wrote comes first
    await wait_until(lambda: sum("To see the GUI" in line for line in last()) == 2)


async def test_a_crash_loop_stops_and_shows_the_last_lines(
    tmp_path: Path, watches: list[Watch]
) -> None:
    checkout = Checkout.make("comfyui", tmp_path, exit=1, line="ImportError: no module torch")
    watch = Watch(checkout)
    watches.append(watch)
    await watch.reaches(EngineState.FAILED)
    assert watch.supervisor.problem is not None
    assert "was started 3 times and is given up: it ended with exit code 1" in (
        watch.supervisor.problem
    )
    assert "| ImportError: no module torch" in watch.supervisor.problem
    assert watch.supervisor.starts == 3

    checkout.behave()
    watch.supervisor.restart("torch has been installed")
    await watch.reaches(EngineState.READY)


async def test_an_engine_that_never_serves_is_ended(tmp_path: Path, watches: list[Watch]) -> None:
    limits = Limits(start_s=2, stop_s=0.1, first_retry_s=60, crashes=3)
    watch = Watch(Checkout.make("comfyui", tmp_path, hang=True, deaf=True), limits)
    watches.append(watch)
    await watch.reaches(EngineState.WAITING)
    assert watch.supervisor.problem is not None
    assert watch.supervisor.problem.startswith("did not serve within 2 s")
    facts = watch.checkout.facts
    assert not is_running(facts["pid"])
    await wait_until(lambda: not is_running(facts["child"]))


async def test_a_restart_that_was_asked_for_is_no_crash(
    tmp_path: Path, watches: list[Watch]
) -> None:
    watch = Watch(Checkout.make("comfyui", tmp_path), Limits(crashes=1, stop_s=2))
    watches.append(watch)
    await watch.reaches(EngineState.READY)
    for starts in (2, 3):
        watch.supervisor.restart("it has done its jobs")
        await wait_until(lambda starts=starts: watch.supervisor.starts == starts)
        await watch.reaches(EngineState.READY)


async def test_what_cannot_be_started_is_told(tmp_path: Path, watches: list[Watch]) -> None:
    checkout = Checkout.make("comfyui", tmp_path / "there")
    watch = Watch(checkout, directory=tmp_path / "not-there")
    watches.append(watch)
    await watch.reaches(EngineState.FAILED)
    assert watch.supervisor.problem is not None
    assert "cannot be started" in watch.supervisor.problem


async def test_nothing_outlives_an_agent_that_is_killed(tmp_path: Path) -> None:
    checkout = Checkout.make("comfyui", tmp_path, deaf=True)
    recipe = checkout.recipe(free_port())
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from agent.engines import process\n"
        "from agent.engines.log_ring import LogRing\n"
        "from tests.support.engines import Checkout\n"
        "async def main():\n"
        "    recipe = Checkout('comfyui', Path(sys.argv[1])).recipe(int(sys.argv[2]))\n"
        "    engine = await process.start(recipe, LogRing())\n"
        "    await engine.ended()\n"
        "asyncio.run(main())\n"
    )
    agent = await asyncio.create_subprocess_exec(
        *(recipe.argv[0], "-c", script, str(tmp_path), str(recipe.port)),
        cwd=Path(__file__).parents[4],
    )
    await wait_until(lambda: checkout.facts, 20)
    facts = checkout.facts
    agent.kill()
    await agent.wait()
    await wait_until(lambda: not is_running(facts["pid"]) and not is_running(facts["child"]))
