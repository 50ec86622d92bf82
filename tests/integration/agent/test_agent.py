"""The whole agent in this process, against a hub of real sockets."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agent import app
from agent.app import serve
from agent.connectors.base import Connector, Offer
from agent.connectors.offers import NoConnectorError
from agent.leaving import Stop
from agent.link.artifacts import Artifacts
from agent.link.connection import RefusedError
from agent.settings import AgentSettings
from shared.messages import (
    CompleteJob,
    FailJob,
    JobAssigned,
    JobCompletedAck,
    JobFailedAck,
    ReleaseJob,
)
from shared.states import Reason
from tests.fakes.connector import ScriptedConnector
from tests.fakes.hub import FakeHub, Talk, assignment

LONG_S = 3600.0


class Agent:
    """A running agent over a scripted connector."""

    def __init__(self, hub: FakeHub, state_dir: Path, drain_s: float = LONG_S) -> None:
        self.connector = ScriptedConnector(offer=Offer(services=("scripted",), models=("m",)))
        self.stop = Stop()
        self.settings = AgentSettings(
            hub_url=hub.url,
            worker_id="w1",
            drain_s=drain_s,
            max_concurrent_jobs=2,
            state_dir=state_dir,
        )
        self.serving = asyncio.create_task(serve(self.settings, self._make, self.stop))

    def _make(self, _settings: AgentSettings) -> list[Connector]:
        return [self.connector]

    async def ended(self) -> None:
        async with asyncio.timeout(20):
            await self.serving


@pytest.fixture
async def agent(hub: FakeHub, tmp_path: Path) -> AsyncGenerator[Agent]:
    agent = Agent(hub, tmp_path)
    yield agent
    agent.serving.cancel()
    await asyncio.gather(agent.serving, return_exceptions=True)


async def running(talk: Talk, agent: Agent, job_id: str) -> JobAssigned:
    job = assignment(job_id)
    await talk.say(job)
    await agent.connector.started(job_id)
    return job


async def test_it_registers_what_its_connectors_and_its_machine_offer(
    hub: FakeHub, agent: Agent
) -> None:
    registration = await (await hub.accepted()).welcome()
    can_do = registration.capabilities
    assert (registration.worker_id, registration.slots) == ("w1", 2)
    assert (can_do.services, can_do.models) == (("scripted",), {"scripted": ("m",)})
    assert can_do.hardware.cpu_cores >= 1
    assert agent.connector.is_open


async def test_an_idle_agent_ends_as_soon_as_it_is_asked(
    hub: FakeHub, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Artifacts] = []

    async def close(artifacts: Artifacts) -> None:
        closed.append(artifacts)

    monkeypatch.setattr(Artifacts, "close", close)
    talk = await hub.welcomed()
    agent.stop.ask()
    await agent.ended()
    await talk.socket.wait_closed()
    assert talk.socket.close_code == 1000
    assert not agent.connector.is_open
    assert len(closed) == 1


async def test_a_draining_agent_finishes_what_it_has_and_takes_nothing_new(
    hub: FakeHub, agent: Agent
) -> None:
    talk = await hub.welcomed()
    await running(talk, agent, "a")
    agent.stop.ask()
    await talk.say(assignment("late"))
    assert (await talk.hear(ReleaseJob)).job_id == "late"
    await talk.say(JobFailedAck(job_id="late", worker_id="w1", status="pending", attempt=1))
    agent.connector.finish("a")
    report = await talk.hear(CompleteJob)
    assert not agent.serving.done()
    await talk.say(JobCompletedAck(job_id=report.job_id, worker_id="w1", status="ok", attempt=1))
    await agent.ended()
    assert agent.connector.stopped == []
    assert not agent.connector.is_open


async def test_after_the_drain_what_runs_is_stopped_and_given_back(
    hub: FakeHub, tmp_path: Path
) -> None:
    agent = Agent(hub, tmp_path, drain_s=0.05)
    talk = await hub.welcomed()
    job = await running(talk, agent, "a")
    agent.stop.ask()
    report = await talk.hear(ReleaseJob)
    assert (report.job_id, report.lease, report.reason) == ("a", job.lease, Reason.DRAINED)
    assert agent.connector.stopped == ["a"]
    await talk.say(JobFailedAck(job_id="a", worker_id="w1", status="pending", attempt=1))
    await agent.ended()


async def test_asked_twice_it_gives_back_at_once(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.welcomed()
    await running(talk, agent, "a")
    agent.stop.ask()
    agent.stop.ask()
    assert (await talk.hear(ReleaseJob)).job_id == "a"
    await talk.say(JobFailedAck(job_id="a", worker_id="w1", status="pending", attempt=1))
    await agent.ended()


async def test_a_hub_that_acknowledges_nothing_holds_it_for_a_while_only(
    hub: FakeHub, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "RELEASE_S", 1)
    talk = await hub.welcomed()
    await running(talk, agent, "a")
    agent.stop.ask()
    agent.stop.ask()
    assert (await talk.hear(ReleaseJob)).job_id == "a"
    await agent.ended()


async def test_a_refused_agent_stops_its_attempts_and_closes_its_connectors(
    hub: FakeHub, agent: Agent
) -> None:
    talk = await hub.welcomed()
    await running(talk, agent, "a")
    await talk.socket.close(4409, "replaced")
    with pytest.raises(ExceptionGroup) as ended:
        await agent.ended()
    assert ended.group_contains(RefusedError)
    assert agent.connector.stopped == ["a"]
    assert not agent.connector.is_open


async def test_without_a_usable_connector_it_does_not_start(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as ended:
        await serve(
            AgentSettings(hub_url=hub.url, state_dir=tmp_path),
            lambda _settings: [ScriptedConnector(unusable="no licence")],
            Stop(),
        )
    assert ended.group_contains(NoConnectorError, match="no licence")


async def test_a_job_that_nobody_here_serves_is_failed_for_good(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.welcomed()
    await talk.say(assignment("a", job_type="music"))
    report = await talk.hear(FailJob)
    assert (report.retry, agent.connector.works) == (False, {})
