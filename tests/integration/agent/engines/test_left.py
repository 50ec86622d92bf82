"""Engines that an agent has left when it was killed, and the agent after it."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.engines import EngineState, Limits, Supervisor
from agent.engines.left import Being, Keepsake, Left
from agent.engines.ports import Ports
from tests.support.earlier import earlier
from tests.support.engines import Checkout, is_running
from tests.support.ports import free_port
from tests.support.waiting import wait_until

LONG_S = 30.0
OURS = Being.of(os.getpid())
LEFT = Left(engine=OURS, watcher=OURS, port=1, cwd="/", gpu=None, argv=("engine",))
QUICK = Limits(stop_s=5, first_retry_s=0.05, retry_cap_s=0.1, crashes=3, outlives_s=LONG_S)


class Scene:
    """An engine whose agent was killed, and the supervisor of the next one."""

    def __init__(self, directory: Path) -> None:
        self.checkout = Checkout.make("comfyui", directory)
        self.port = free_port()
        self.supervisor = self.supervising()
        self.running: asyncio.Task[None] | None = None
        self.groups: set[int] = set()
        self.killed_at = 0.0

    def supervising(self, limits: Limits = QUICK, **changes: Any) -> Supervisor:
        kind, port = self.checkout.kind, self.port
        return Supervisor(
            kind, lambda port: self.checkout.recipe(port, **changes), port, Ports(), limits
        )

    async def leave(self, outlives_s: float = LONG_S) -> dict[str, Any]:
        """What the engine tells of itself, whose agent is dead."""
        agent = await earlier(self.checkout, self.port, outlives_s)
        facts = self.checkout.facts
        self.groups.add(facts["pid"])
        self.killed_at = time.monotonic()
        agent.kill()
        await agent.wait()
        return facts

    async def go_on(self, supervisor: Supervisor | None = None) -> Supervisor:
        """Let the next agent have it."""
        self.supervisor = supervisor or self.supervisor
        self.running = asyncio.create_task(self.supervisor.run())
        await wait_until(lambda: self.supervisor.state is EngineState.READY, 20)
        return self.supervisor

    async def end(self) -> None:
        if self.running:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)

    async def nothing_is_left(self) -> None:
        """Wait for what has been killed to be gone."""
        await wait_until(lambda: self.family() == [], 20)

    @property
    def kept(self) -> Path:
        return self.checkout.directory / "state" / "engine.json"

    def family(self) -> list[int]:
        """What lives of the groups of all engines that were left."""
        return [each.pid for each in psutil.process_iter() if self._is_ours(each.pid)]

    def _is_ours(self, pid: int) -> bool:
        try:
            return os.getpgid(pid) in self.groups and is_running(pid)
        except ProcessLookupError:
            return False


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    await scene.end()
    for group in scene.groups:
        if scene.family():
            os.killpg(group, signal.SIGKILL)


async def test_the_next_agent_takes_it_over_with_all_that_it_wrote(scene: Scene) -> None:
    facts = await scene.leave()
    assert scene.kept.stat().st_mode & 0o777 == 0o600
    os.kill(facts["pid"], signal.SIGUSR1)  # it writes a line

    supervisor = await scene.go_on()

    assert supervisor.engine is not None
    assert supervisor.engine.pid == facts["pid"] == scene.checkout.facts["pid"]
    assert supervisor.url == f"http://127.0.0.1:{scene.port}"
    assert supervisor.starts == 1
    assert supervisor.engine.rss_gb() > 0
    await wait_until(lambda: "Heard a signal" in supervisor.log.last())
    os.kill(facts["pid"], signal.SIGUSR1)
    await wait_until(lambda: supervisor.log.last().count("Heard a signal") == 2)
    await scene.end()
    await scene.nothing_is_left()
    assert not scene.kept.exists()


async def test_it_is_left_once_more(scene: Scene) -> None:
    facts = await scene.leave()
    assert await scene.leave() == facts
    supervisor = await scene.go_on()
    assert supervisor.engine is not None
    assert supervisor.engine.pid == facts["pid"]


async def test_its_end_is_a_crash_like_any_other(scene: Scene) -> None:
    facts = await scene.leave()
    supervisor = await scene.go_on()
    told: list[str | None] = []
    supervisor.changed = lambda: told.append(supervisor.problem)
    os.kill(facts["pid"], signal.SIGKILL)
    await wait_until(lambda: supervisor.starts == 2 and supervisor.state is EngineState.READY, 20)
    assert any(each and each.startswith("ended") for each in told)
    await scene.nothing_is_left()


async def test_it_is_started_anew_on_request(scene: Scene) -> None:
    facts = await scene.leave()
    supervisor = await scene.go_on()
    supervisor.restart("somebody wants it")
    await wait_until(lambda: supervisor.starts == 2 and supervisor.state is EngineState.READY, 20)
    assert scene.checkout.facts["pid"] != facts["pid"]
    await scene.nothing_is_left()


async def test_without_another_agent_all_of_it_ends_when_the_time_is_up(scene: Scene) -> None:
    await scene.leave(outlives_s=2)
    await scene.nothing_is_left()
    assert time.monotonic() - scene.killed_at >= 2


async def test_an_engine_that_would_be_started_otherwise_is_ended_first(scene: Scene) -> None:
    await scene.leave()
    supervisor = await scene.go_on(scene.supervising(extra="--lowvram"))
    await scene.nothing_is_left()
    assert "--lowvram" in scene.checkout.facts["argv"]
    assert supervisor.starts == 1


async def test_of_an_engine_that_has_died_meanwhile_nothing_is_left(scene: Scene) -> None:
    facts = await scene.leave()
    os.kill(facts["pid"], signal.SIGKILL)
    await wait_until(lambda: not is_running(facts["pid"]))
    assert is_running(facts["child"])
    await scene.go_on()
    await scene.nothing_is_left()
    assert scene.checkout.facts["pid"] != facts["pid"]


async def test_an_engine_without_its_watcher_is_ended(scene: Scene) -> None:
    await scene.leave()
    watcher = json.loads(scene.kept.read_text())["watcher"]["pid"]
    os.kill(watcher, signal.SIGKILL)
    await wait_until(lambda: not is_running(watcher))
    await scene.go_on()
    await scene.nothing_is_left()


@pytest.mark.parametrize("text", ["", "[]", '{"engine": {}}'])
async def test_what_cannot_be_read_is_removed(
    scene: Scene, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    scene.kept.parent.mkdir()
    scene.kept.write_text(text)
    supervisor = await scene.go_on()
    assert supervisor.starts == 1
    assert "engine.json is not readable and is removed" in caplog.text
    assert json.loads(scene.kept.read_text())["port"] == scene.port


async def test_another_process_with_its_number_is_left_alone(scene: Scene) -> None:
    await scene.go_on()
    kept = json.loads(scene.kept.read_text())
    await scene.end()
    other = await asyncio.create_subprocess_exec("sleep", "100", start_new_session=True)
    for name in ("engine", "watcher"):
        kept[name]["pid"] = other.pid
    scene.kept.write_text(json.dumps(kept))
    await scene.go_on(scene.supervising())
    assert other.returncode is None
    other.kill()
    await other.wait()


async def test_the_engine_of_an_agent_that_lives_is_its_own(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    agent = await earlier(scene.checkout, scene.port, LONG_S)
    facts = scene.checkout.facts
    supervisor = await scene.go_on()
    assert "another agent has" in caplog.text
    assert supervisor.url != f"http://127.0.0.1:{scene.port}"
    await scene.end()
    assert is_running(facts["pid"])
    agent.terminate()  # it has no handler: as good as killed
    await agent.wait()
    await scene.go_on(scene.supervising())
    assert scene.checkout.facts["pid"] != facts["pid"]


async def test_one_that_is_taken_over_need_not_outlive_the_next(scene: Scene) -> None:
    facts = await scene.leave()
    agent = await earlier(scene.checkout, scene.port, 0)
    assert scene.checkout.facts == facts
    agent.kill()
    await agent.wait()
    await scene.nothing_is_left()


async def test_an_engine_that_could_not_tell_what_it_did_ends_at_once(tmp_path: Path) -> None:
    checkout = Checkout.make("a1111", tmp_path)
    agent = await earlier(checkout, free_port(), LONG_S)
    facts = checkout.facts
    agent.kill()
    await agent.wait()
    await wait_until(lambda: not is_running(facts["pid"]) and not is_running(facts["child"]))


async def test_without_a_place_to_keep_it_an_engine_ends_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    keepsake = Keepsake.at(tmp_path / "file" / "state")
    assert keepsake.find() is None
    assert not keepsake.put(LEFT)
    keepsake.forget()
    assert "an engine will end with the agent: [Errno 20]" in caplog.text


async def test_a_full_disk_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keepsake = Keepsake.at(tmp_path)
    (tmp_path / "engine.json").mkdir()  # in the way of what is written
    assert not keepsake.put(LEFT)
    assert "an engine will end with the agent: [Errno 21]" in caplog.text
    keepsake.close()
