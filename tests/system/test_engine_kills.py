"""SIGKILL of the agent, of the ComfyUI that it has started, of both, at each step of a job.

The job is finished once, and its prompt is executed again only where the engine died with it.
"""

import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define, field

from agent.ledger_lines import Kept
from shared.messages import CompleteJob
from tests.fakes.engines.comfyui import lay_out
from tests.integration.agent.comfyui.workflows import graph
from tests.support.ledgers import kept_below
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.system.conftest import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

WITHOUT_FILES = graph(class_type="PreviewAny", inputs={"source": ["8", 0]})
PAUSE = "3:2"


@define
class Scene:
    """A hub, an agent, and the engine of that agent."""

    site: Site
    folder: Path
    port: int = field(factory=free_port)
    counted: int = field(default=0, init=False)  # executions of the jobs before
    held: list[int] = field(factory=list[int], init=False)  # stopped processes

    async def start_agent(self, connectors: str = "comfyui") -> None:
        """Start the agent, or the one after it, and wait until it can work."""
        await self.site.start_agent(
            WORKER_CONNECTORS=connectors,
            WORKER_MAX_CONCURRENT_JOBS="2",
            WORKER_COMFYUI_DIR=str(self.folder),
            WORKER_COMFYUI_PYTHON=sys.executable,
            WORKER_COMFYUI_FIRST_PORT=str(self.port),
            WORKER_GPUS="none",
        )
        await wait_until(self.is_fit, 40)

    async def is_fit(self) -> bool:
        """Whether the engine serves and the hub knows."""
        answer = await self.site.http.get(f"{self.site.url}/workers/worker-1")
        return answer.json()["worker"]["status"] in {"idle", "busy"}

    @property
    def kept(self) -> dict[str, Any]:
        """What the agent keeps of its engine."""
        path = self.site.data_dir / "state" / "worker-1" / "cpu" / "comfyui" / "engine.json"
        return json.loads(path.read_text())

    @property
    def control(self) -> str:
        """Where the engine is steered."""
        return f"http://127.0.0.1:{self.port}/test"

    async def told(self) -> dict[str, Any]:
        """What the engine tells of itself; nothing while there is none."""
        try:
            return (await self.site.http.get(self.control)).json()
        except httpx.TransportError:
            return {}

    async def steer(self, **traps: Any) -> None:
        """Set traps of the engine that runs. The one after it has none."""
        (await self.site.http.post(self.control, json=traps)).raise_for_status()

    async def until(self, **facts: Any) -> None:
        """Wait until the engine tells so of itself."""

        async def is_so() -> bool:
            return facts.items() <= (await self.told()).items()

        await wait_until(is_so, 20)

    def executed(self) -> int:
        """How many prompts all engines together have begun to execute."""
        path = self.folder / "executed.txt"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def hold(self, pid: int) -> None:
        """Stop a process until `release`."""
        os.kill(pid, signal.SIGSTOP)
        self.held.append(pid)

    def release(self) -> None:
        """Let what was stopped go on; what was killed meanwhile does not."""
        for pid in self.held:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.held.clear()

    async def submit(self, nodes: dict[str, Any] | None = None) -> str:
        """Submit a workflow; its id."""
        return await self.site.submit(type="comfyui", payload={"workflow": nodes or graph()})

    def attempts(self) -> list[Kept]:
        """What the ledger of the agent keeps."""
        return kept_below(self.site.data_dir)


async def claimed(scene: Scene) -> str:
    """The agent has it and the engine does not hear of it yet."""
    scene.hold(scene.kept["engine"]["pid"])
    job_id = await scene.submit()
    await scene.site.reaches(job_id, "assigned", "in_progress")
    return job_id


async def submitted(scene: Scene) -> str:
    """The engine has it, and the agent does not know."""
    await scene.steer(is_mute=True, pause_at=PAUSE)
    job_id = await scene.submit()
    await scene.until(paused_at=PAUSE)
    return job_id


async def running(scene: Scene) -> str:
    """The engine is in the middle of it."""
    await scene.steer(pause_at=PAUSE)
    job_id = await scene.submit()
    await scene.until(paused_at=PAUSE)
    await scene.site.reaches(job_id, "in_progress")
    return job_id


async def executed(scene: Scene) -> str:
    """The engine has done it, and the agent does not know."""
    job_id = await running(scene)
    scene.hold(scene.site.agents[-1].popen.pid)
    await scene.steer(pause_at=None)
    await scene.until(history=1)
    return job_id


async def uploading(scene: Scene) -> str:
    """The agent has its file, and the hub does not."""
    job_id = await running(scene)
    viewed = (await scene.told())["viewed"]
    scene.hold(scene.site.hub.popen.pid)
    await scene.steer(pause_at=None)
    await scene.until(viewed=viewed + 1)
    return job_id


async def reported(scene: Scene) -> str:
    """The agent has reported its end, and the hub has not acknowledged it."""
    await scene.steer(pause_at=PAUSE)
    job_id = await scene.submit(WITHOUT_FILES)
    await scene.until(paused_at=PAUSE)
    await scene.site.reaches(job_id, "in_progress")
    scene.hold(scene.site.hub.popen.pid)
    await scene.steer(pause_at=None)
    await wait_until(lambda: any(isinstance(each, CompleteJob) for each in scene.attempts()), 20)
    await scene.until(history=0)  # forgotten since the outcome is in the ledger
    return job_id


STEPS = (claimed, submitted, running, executed, uploading, reported)
AGAIN = {submitted: {2}, running: {2}, executed: {2}, uploading: {1, 2}}
"""How often a prompt may be executed whose engine died at this step, where that is not once. While a
file is handed in, the agent may not have asked yet how the prompt ended.
"""


@pytest.fixture
async def scene(site: Site) -> AsyncGenerator[Scene]:
    lay_out(site.data_dir / "engine")
    scene = Scene(site, site.data_dir / "engine")
    yield scene
    scene.release()
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
        os.killpg(scene.kept["engine"]["pid"], signal.SIGKILL)


async def finish(scene: Scene, job_id: str) -> int:
    """The job is finished, once, and nothing of it is left; how often it was executed."""
    job = await scene.site.reaches(job_id, "completed", "failed")
    assert job["status"] == "completed", job
    assert await scene.site.endings(job_id) == 1
    await wait_until(lambda: not scene.attempts())
    await scene.until(history=0)
    before, scene.counted = scene.counted, scene.executed()
    return scene.counted - before


async def test_the_engine_is_killed_and_then_the_agent(scene: Scene) -> None:
    await scene.start_agent()
    for step in STEPS:
        job_id = await step(scene)
        os.kill(scene.kept["engine"]["pid"], signal.SIGKILL)
        scene.release()
        assert await finish(scene, job_id) in AGAIN.get(step, {1}), step

        await wait_until(scene.is_fit, 40)
        engine = scene.kept["engine"]
        job_id = await step(scene)
        scene.site.agents[-1].kill()
        scene.release()
        await scene.steer(is_mute=False)
        await scene.start_agent()
        await scene.steer(pause_at=None)
        assert await finish(scene, job_id) == 1, step
        assert scene.kept["engine"] == engine


async def test_both_are_killed(scene: Scene) -> None:
    await scene.start_agent()
    for step in STEPS:
        job_id = await step(scene)
        scene.site.agents[-1].kill()
        os.killpg(scene.kept["engine"]["pid"], signal.SIGKILL)
        scene.release()
        await scene.start_agent()
        assert await finish(scene, job_id) in AGAIN.get(step, {1}), step


async def test_an_agent_makes_room_for_the_next_one(scene: Scene) -> None:
    await scene.start_agent("comfyui,simulation")
    engine, job_id = scene.kept["engine"], await running(scene)
    unfindable = await scene.site.submit(payload={"steps": 1000})
    await scene.site.reaches(unfindable, "in_progress")
    scene.site.agents[-1].popen.send_signal(signal.SIGHUP)
    assert scene.site.agents[-1].popen.wait(20) == -signal.SIGHUP
    assert (await scene.site.job(unfindable))["status"] == "pending"

    await scene.start_agent("comfyui,simulation")
    await scene.steer(pause_at=None)
    assert await finish(scene, job_id) == 1
    assert (await scene.site.job(job_id))["attempt"] == 1
    assert scene.kept["engine"] == engine
