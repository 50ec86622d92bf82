"""A job under watch."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.connectors.base import ConnectorError, Progress, Report, Result, Work
from agent.engines import EngineState, Supervisor
from agent.engines.ports import Ports
from agent.stations.watched import Patience, Watched
from shared.states import ErrorClass
from tests.fakes.connector import ScriptedConnector
from tests.support.engines import Checkout
from tests.support.waiting import wait_until

WORK = Work(job_id="a", attempt=1, type="scripted", payload={})
LONG_S = 3600.0


class Job:
    """One attempt on an engine that the test plays."""

    def __init__(self, tmp_path: Path, **patience: Any) -> None:
        checkout = Checkout.make("comfyui", tmp_path)
        self.engine = Supervisor("comfyui", checkout.recipe, 18_188, Ports())
        self.engine.state = EngineState.READY
        self.engine.log.write("Segmentation fault\n")
        self.connector = ScriptedConnector()
        self.is_busy = False
        self.heard: list[Progress] = []
        given = {"load_s": LONG_S, "silence_s": LONG_S, "look_s": 0.01, "grace_s": 0.05} | patience
        watched = Watched(self.connector, self.engine, Patience(**given), lambda: self.is_busy)
        self.running = asyncio.create_task(watched.run(WORK, self.heard.append))

    async def report(self, percent: float) -> None:
        await self.connector.started("a")
        report: Report = self.connector.reports["a"]
        report(Progress(percent=percent))

    async def failure(self) -> ConnectorError:
        async with asyncio.timeout(10):
            with pytest.raises(ConnectorError) as failed:
                await self.running
        return failed.value


async def test_a_job_of_a_sound_engine_ends_as_it_would_without(tmp_path: Path) -> None:
    job = Job(tmp_path)
    await job.report(50)
    job.connector.finish("a", Result(data={"x": 1}))
    assert (await job.running).data == {"x": 1}
    assert [each.percent for each in job.heard] == [50]


async def test_a_job_fails_with_the_log_as_soon_as_its_engine_has_ended(tmp_path: Path) -> None:
    job = Job(tmp_path)
    await job.report(50)
    job.engine.state = EngineState.WAITING
    problem = await job.failure()
    assert problem.error_class is ErrorClass.ENGINE_CRASH
    assert problem.details["log"] == ["Segmentation fault"]
    assert job.connector.stopped == ["a"]


@pytest.mark.parametrize(
    ("percent", "limit", "stage"), [(0, "load_s", "loading models"), (5, "silence_s", "middle")]
)
async def test_silence_is_a_hang_and_the_engine_starts_anew(
    tmp_path: Path, percent: float, limit: str, stage: str
) -> None:
    job = Job(tmp_path, **{limit: 0.05})
    await job.report(percent)
    problem = await job.failure()
    assert problem.error_class is ErrorClass.HANG
    assert stage in problem.message
    assert job.engine.state is EngineState.STARTING


async def test_a_silent_engine_whose_gpu_works_is_left_alone(tmp_path: Path) -> None:
    job = Job(tmp_path, silence_s=0.1)
    job.is_busy = True
    await job.report(5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(job.running), 0.4)
    job.is_busy = False
    assert (await job.failure()).error_class is ErrorClass.HANG


async def test_an_engine_that_does_not_let_go_of_a_job_starts_anew(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.connector.may_stop.clear()
    await job.report(5)
    job.running.cancel()
    await wait_until(lambda: job.engine.state is EngineState.STARTING)
    job.connector.may_stop.set()
    with pytest.raises(asyncio.CancelledError):
        await job.running
    assert job.connector.stopped == ["a"]
