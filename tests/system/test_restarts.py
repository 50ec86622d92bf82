"""SIGKILL of the agent while ComfyUI works on: its work is found again, and done once."""

import signal
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from attrs import define

from shared.messages import CompleteJob
from tests.fakes.comfyui import FakeComfyUI
from tests.integration.agent.comfyui.workflows import graph
from tests.support.ledgers import kept_below
from tests.support.waiting import wait_until
from tests.system.conftest import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

WITHOUT_FILES = graph(class_type="PreviewAny", inputs={"source": ["8", 0]})


@define
class Scene:
    """A hub, and a ComfyUI that runs on whatever becomes of its agent."""

    site: Site
    comfy: FakeComfyUI

    async def start_agent(self) -> None:
        """Start the agent, or the one after it."""
        await self.site.start_agent(WORKER_CONNECTORS="comfyui", COMFYUI_URL=self.comfy.url)

    async def submit(self, nodes: dict[str, Any] | None = None) -> str:
        """Submit a workflow; its id."""
        return await self.site.submit(type="comfyui", payload={"workflow": nodes or graph()})

    async def runs_to(self, place: str) -> str:
        """A job whose prompt has come to `place` and stays there."""
        self.comfy.worker.traps.pause_at = place
        await self.start_agent()
        job_id = await self.submit()
        await self.comfy.worker.until(lambda: self.comfy.worker.paused_at == place)
        return job_id

    def kill_agent(self) -> None:
        """SIGKILL."""
        self.site.agents[-1].kill()

    async def is_done_once(self, job_id: str) -> dict[str, Any]:
        """The job, which is finished, once, in its first attempt, for one prompt."""
        job = await self.site.reaches(job_id, "completed", "failed")
        assert job["status"] == "completed", job
        assert job["attempt"] == 1
        assert await self.site.endings(job_id) == 1
        assert len(self.comfy.worker.graphs) == 1
        await wait_until(lambda: not kept_below(self.site.data_dir))
        await wait_until(lambda: self.comfy.worker.history == {})
        return job


@pytest.fixture
async def scene(site: Site) -> AsyncGenerator[Scene]:
    async with FakeComfyUI().listening() as comfy:
        yield Scene(site, comfy)


async def test_a_prompt_that_runs_is_followed_on(scene: Scene) -> None:
    job_id = await scene.runs_to("3:2")
    scene.kill_agent()
    await scene.start_agent()
    await scene.comfy.worker.go_on()

    job = await scene.is_done_once(job_id)

    assert len(job["result"]["files"]) == 1


async def test_a_prompt_that_ended_meanwhile_is_handed_in(scene: Scene) -> None:
    job_id = await scene.runs_to("3:2")
    scene.kill_agent()
    await scene.comfy.worker.go_on()
    await scene.comfy.worker.until(lambda: bool(scene.comfy.worker.history))
    await scene.site.reaches(job_id, "pending")  # its lease has run out
    await scene.start_agent()

    job = await scene.is_done_once(job_id)

    assert len(job["result"]["files"]) == 1


async def test_files_are_handed_in_by_the_next_agent(scene: Scene) -> None:
    job_id = await scene.runs_to("3:2")
    scene.site.hub.popen.send_signal(signal.SIGSTOP)  # it takes no upload
    await scene.comfy.worker.go_on()
    await scene.comfy.worker.until(
        lambda: any(path.startswith("/view") for _, path in scene.comfy.worker.requests)
    )
    scene.kill_agent()
    scene.site.hub.popen.send_signal(signal.SIGCONT)
    await scene.start_agent()

    await scene.is_done_once(job_id)


async def test_a_report_that_nobody_acknowledged_is_sent_by_the_next_agent(scene: Scene) -> None:
    scene.comfy.worker.traps.pause_at = "3:2"
    await scene.start_agent()
    job_id = await scene.submit(WITHOUT_FILES)
    await scene.comfy.worker.until(lambda: scene.comfy.worker.paused_at == "3:2")
    scene.site.hub.kill()
    await scene.comfy.worker.go_on()
    await wait_until(
        lambda: any(isinstance(each, CompleteJob) for each in kept_below(scene.site.data_dir)), 20
    )
    await wait_until(lambda: scene.comfy.worker.history == {})
    scene.kill_agent()
    await scene.site.start_hub()
    await scene.start_agent()

    await scene.is_done_once(job_id)


async def test_a_prompt_that_is_lost_to_us_is_stopped_by_the_next_agent(scene: Scene) -> None:
    job_id = await scene.runs_to("3:2")
    scene.kill_agent()
    answer = await scene.site.http.post(f"{scene.site.url}/jobs/{job_id}/cancel")
    assert answer.status_code < 300, answer.text
    await scene.start_agent()

    await wait_until(lambda: not scene.comfy.worker.running, 20)

    assert (await scene.site.job(job_id))["status"] == "cancelled"
    assert len(scene.comfy.worker.graphs) == 1


async def test_work_that_died_with_its_engine_is_done_again(scene: Scene) -> None:
    job_id = await scene.runs_to("3:2")
    scene.kill_agent()
    scene.comfy.forget_everything()
    await scene.comfy.worker.go_on()
    await scene.start_agent()

    await scene.site.reaches(job_id, "completed")

    assert await scene.site.endings(job_id) == 1
    assert len(scene.comfy.worker.graphs) == 2
