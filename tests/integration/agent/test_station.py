"""A worker with an engine of its own: an engine as a process, a hub of real sockets."""

import asyncio
import hashlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from agent.app import serve
from agent.connectors.base import Connector, ConnectorError, Offer
from agent.connectors.offers import NoConnectorError
from agent.desk import Desk
from agent.leaving import Stop
from agent.settings import AgentSettings
from shared.engines import Engine
from shared.labels import label_needs
from shared.matching import Requirement, satisfies
from shared.messages import (
    CompleteJob,
    ConnectionEstablished,
    FailJob,
    JobCompletedAck,
    JobFailedAck,
    ModelFile,
    RegisterWorker,
    WorkerHeartbeat,
    WorkerModels,
    WorkerRegistered,
)
from shared.states import ErrorClass
from tests.fakes.connector import ScriptedConnector
from tests.fakes.hub import FakeHub, Talk
from tests.support.engines import Checkout, is_running
from tests.support.ports import free_port
from tests.support.waiting import wait_until


class Agent:
    """An agent that starts a stand-in ComfyUI and speaks to it by a scripted connector."""

    def __init__(self, hub: FakeHub, directory: Path, **changes: Any) -> None:
        self.checkout = Checkout.make("comfyui", directory / "comfyui")
        self.connectors: list[ScriptedConnector] = []
        self.urls: list[str] = []
        self.stop = Stop()
        given: dict[str, Any] = {
            "hub_url": hub.url,
            "worker_id": "w1",
            "connectors": ("comfyui",),
            "comfyui_dir": self.checkout.directory,
            "comfyui_python": Path(sys.executable),
            "comfyui_first_port": free_port(),
            "state_dir": directory / "state",
        }
        self.settings = AgentSettings(**given | changes)
        self.talk: Talk
        self.desk: Desk

    def start(self) -> "asyncio.Task[None]":
        served = serve(self.settings, self._make, self.stop, self._attend)
        self.serving = asyncio.create_task(served)
        return self.serving

    async def _attend(self, desk: Desk) -> None:
        self.desk = desk

    def _make(self, settings: AgentSettings) -> list[Connector]:
        connector = ScriptedConnector()
        connector.name = "comfyui"
        self.urls.append(settings.comfyui_address)
        self.connectors.append(connector)
        return [connector]

    @property
    def connector(self) -> ScriptedConnector:
        return self.connectors[-1]

    async def registers(self, *services: str, heartbeat_s: float = 60) -> RegisterWorker:
        """Welcome the worker as often as it introduces itself, until it offers just these."""
        while True:
            registration = await self.talk.hear(RegisterWorker)
            await self.talk.say(
                WorkerRegistered(
                    worker_id=registration.worker_id, heartbeat_s=heartbeat_s, lease_s=90
                )
            )
            if registration.capabilities.services == services:
                return registration


@pytest.fixture
async def agent(hub: FakeHub, tmp_path: Path) -> AsyncGenerator[Callable[..., Awaitable[Agent]]]:
    agents: list[Agent] = []

    async def start(**changes: Any) -> Agent:
        agent = Agent(hub, tmp_path, **changes)
        agents.append(agent)
        agent.start()
        agent.talk = await hub.accepted()
        await agent.talk.say(ConnectionEstablished(message="welcome"))
        return agent

    yield start
    for each in agents:
        each.serving.cancel()
        await asyncio.gather(each.serving, return_exceptions=True)
        assert not is_running(each.checkout.facts["pid"])


Start = Callable[..., Awaitable[Agent]]


async def test_it_takes_jobs_as_soon_as_its_engine_serves(agent: Start) -> None:
    running = await agent(labels=(("disk", "nvme"),))
    registration = await running.registers("scripted")
    assert registration.capabilities.labels == {"disk": "nvme"}
    await running.talk.give("a")
    await running.connector.started("a")
    assert running.urls[-1] == f"http://127.0.0.1:{running.settings.comfyui_first_port}"
    running.connector.finish("a")
    assert (await running.talk.hear(CompleteJob)).job_id == "a"
    await running.talk.say(JobCompletedAck(job_id="a", worker_id="w1", status="ok", attempt=1))
    running.stop.ask()
    await asyncio.wait_for(running.serving, 20)


async def test_what_its_engine_gets_while_it_runs_is_told(agent: Start) -> None:
    running = await agent(offers_s=0.05)
    registration = await running.registers("scripted")
    assert registration.capabilities.models is None
    running.connector.offered = Offer(services=("scripted",), models=("new.safetensors",))
    while registration.capabilities.models is None:
        registration = await running.registers("scripted")
    assert registration.capabilities.models == {"scripted": ("new.safetensors",)}


async def test_its_engine_is_told_with_its_version_and_anew_with_another(agent: Start) -> None:
    running = await agent(offers_s=0.05)
    before = (await running.registers("scripted")).capabilities
    assert (before.engines, "comfyui_version" in before.labels) == ((Engine("comfyui"),), False)
    for version in ("0.33.0", "0.34.0"):
        running.connector.offered = Offer(services=("scripted",), version=version)
        told = (await running.registers("scripted")).capabilities
        assert told.engines == (Engine("comfyui", version),)
        assert told.labels["comfyui_version"] == version
        asked = Requirement(
            service_type="scripted", labels=label_needs({"comfyui_version": version})
        )
        assert (satisfies(told, asked), satisfies(before, asked)) == (True, False)


def told(running: Agent) -> list[tuple[ModelFile, ...]]:
    """The files of models that the hub has heard of so far, message by message."""
    return [each.files for each in running.talk.heard if isinstance(each, WorkerModels)]


async def test_files_of_models_are_told_with_their_size_and_with_their_content(
    agent: Start, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "comfyui" / "models" / "checkpoints" / "a.safetensors"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    running = await agent(offers_s=0.05)
    await running.registers("scripted")
    running.connector.offered = Offer(services=("scripted",), models=("a.safetensors",))
    models = None
    while models is None or len(models["scripted"]) == 1:
        models = (await running.registers("scripted")).capabilities.models
    assert models == {"scripted": ("a.safetensors", f"sha256:{digest}")}
    file = ModelFile("comfyui/checkpoints/a.safetensors", 7, digest)
    await wait_until(lambda: (file,) in told(running))
    assert set(told(running)) <= {(evolve(file, sha256=None),), (file,)}


async def test_a_crash_in_the_middle_of_a_job_fails_it_and_the_engine_comes_back(
    agent: Start,
) -> None:
    running = await agent()
    await running.registers("scripted")
    await running.talk.give("a")
    await running.connector.started("a")
    pid = running.checkout.facts["pid"]
    os.kill(pid, signal.SIGSEGV)
    assert (await running.registers()).status == "initializing"
    failure = await running.talk.hear(FailJob)
    assert (failure.error_class, failure.retry) == (ErrorClass.ENGINE_CRASH, True)
    assert any("To see the GUI" in line for line in failure.details["log"])
    await running.talk.say(JobFailedAck(job_id="a", worker_id="w1", status="delayed", attempt=1))
    await running.registers("scripted")
    assert running.checkout.facts["pid"] != pid
    await running.talk.give("b")
    await running.connector.started("b")


async def test_an_engine_starts_anew_after_its_number_of_jobs(agent: Start) -> None:
    running = await agent(engine_max_jobs=1)
    await running.registers("scripted")
    pid = running.checkout.facts["pid"]
    await running.talk.give("a")
    await running.connector.started("a")
    running.connector.finish("a")
    await running.talk.hear(CompleteJob)
    await running.talk.say(JobCompletedAck(job_id="a", worker_id="w1", status="ok", attempt=1))
    assert (await running.registers()).status == "initializing"
    await running.registers("scripted")
    assert running.checkout.facts["pid"] != pid
    assert len(running.connectors) == 2
    assert not running.connectors[0].is_open


async def test_an_engine_that_holds_too_much_memory_starts_anew(agent: Start) -> None:
    running = await agent(engine_max_rss_gb=0.001)
    await running.registers("scripted")
    pid = running.checkout.facts["pid"]
    await running.talk.give("a")
    await running.connector.started("a")
    running.connector.finish("a")
    await wait_until(lambda: running.checkout.facts["pid"] != pid, 20)


async def test_a_worker_that_fails_again_and_again_says_so_and_takes_no_more(
    agent: Start,
) -> None:
    running = await agent(failures_to_quarantine=1)
    await running.registers("scripted", heartbeat_s=4)
    await running.talk.give("a")
    await running.connector.started("a")
    problem = ConnectorError("CUDA error: illegal access", error_class=ErrorClass.CUDA)
    running.connector.fail("a", problem)
    await running.talk.hear(FailJob)
    await running.talk.say(JobFailedAck(job_id="a", worker_id="w1", status="delayed", attempt=1))
    assert (await running.registers()).status == "error"
    beat = await running.talk.hear(WorkerHeartbeat)
    assert beat.system_info is not None
    assert "1 jobs in a row failed with cuda" in beat.system_info["note"]


async def test_without_an_engine_that_starts_the_agent_ends_with_its_last_lines(
    hub: FakeHub, tmp_path: Path
) -> None:
    agent = Agent(hub, tmp_path)
    agent.checkout.behave(exit=1, line="OSError: libcudnn.so.9: cannot open shared object file")
    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(agent.start(), 50)
    assert ended.group_contains(NoConnectorError, match=r"given up.*(?s:.)*\| OSError: libcudnn")
