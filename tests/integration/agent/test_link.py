"""The connection to the hub, over real sockets."""

import asyncio
from collections.abc import AsyncGenerator
from http import HTTPStatus
from socket import create_server

import pytest

from agent.connectors.base import Progress, Result
from agent.heartbeat import heartbeat
from agent.link import connection
from agent.link.connection import (
    Heartbeat,
    Link,
    TokenRefusedError,
    WorkerIdTakenError,
    socket_url,
)
from agent.link.outgoing import Outgoing
from agent.link.worker import Worker
from agent.runner import Runner
from agent.slots import Slots
from shared.matching import Capability
from shared.messages import (
    CancelJob,
    ClaimJob,
    CompleteJob,
    Error,
    JobCompletedAck,
    Message,
    RegisterWorker,
    Unknown,
    UpdateJobProgress,
    WorkerHeartbeat,
    WorkerHeartbeatAck,
)
from tests.fakes.connector import ScriptedConnector, no_inputs, upload
from tests.fakes.hub import FakeHub, lease_of, running_hub
from tests.support.ports import free_port
from tests.support.waiting import wait_until


class Agent:
    """A link with one worker over a scripted connector."""

    def __init__(
        self,
        hub: FakeHub,
        tasks: asyncio.TaskGroup,
        token: str | None = None,
        beat: Heartbeat = heartbeat,
    ) -> None:
        self.connector = ScriptedConnector()
        self.slots = Slots(1, Runner({"scripted": self.connector}, upload, no_inputs).run, tasks)
        self.outgoing = Outgoing()
        self.worker = Worker(
            "w1", Capability(services=("scripted",)), self.slots, self.outgoing.put
        )
        self.link = Link(
            socket_url(hub.url, "w1"),
            token,
            {"w1": self.worker},
            self.outgoing,
            beat,
            retry_cap_s=0.01,
        )
        self.running = asyncio.create_task(self.link.run())

    async def end(self) -> BaseException:
        """How the link ended."""
        async with asyncio.timeout(20):
            [problem] = await asyncio.gather(self.running, return_exceptions=True)
        assert isinstance(problem, BaseException)
        return problem


@pytest.fixture
async def agent(hub: FakeHub) -> AsyncGenerator[Agent]:
    async with asyncio.TaskGroup() as tasks:
        agent = Agent(hub, tasks, token="open sesame")
        yield agent
        agent.connector.may_stop.set()
        agent.slots.release()
        agent.running.cancel()


async def test_the_agent_shows_its_id_and_its_token(hub: FakeHub, agent: Agent) -> None:
    await hub.welcomed()
    [request] = hub.requests
    assert request.path == "/ws/worker/w1"
    assert request.headers["Authorization"] == "Bearer open sesame"
    assert not agent.running.done()


async def test_without_a_token_no_authorization_is_sent(hub: FakeHub) -> None:
    async with asyncio.TaskGroup() as tasks:
        agent = Agent(hub, tasks)
        await hub.welcomed()
        agent.running.cancel()
    assert "Authorization" not in hub.requests[0].headers


def test_an_id_cannot_lead_to_another_path() -> None:
    assert socket_url("https://hub/q", "a/b c") == "wss://hub/q/ws/worker/a%2Fb%20c"


async def test_nothing_is_said_before_the_hub_has_greeted(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.accepted()
    await talk.socket.ping()
    assert talk.heard == []
    assert (await talk.welcome()).worker_id == agent.worker.id


@pytest.mark.usefixtures("agent")
async def test_a_job_goes_all_the_way(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.welcomed()
    job = await talk.give("a")
    assert (await talk.hear(UpdateJobProgress)).progress == 0
    await agent.connector.started("a")
    agent.connector.reports["a"](Progress(percent=40))
    assert (await talk.hear(UpdateJobProgress)).progress == 40
    agent.connector.finish("a", Result(data={"seed": 2**70}))
    report = await talk.hear(CompleteJob)
    assert (report.result, report.lease) == ({"seed": 2**70}, job.lease)
    await talk.hear(ClaimJob)
    await talk.say(JobCompletedAck(job_id="a", worker_id="w1", status="completed", attempt=1))
    await agent.worker.outbox.settled()


async def test_attempts_survive_a_lost_connection_and_report_on_the_next(
    hub: FakeHub, agent: Agent
) -> None:
    talk = await hub.welcomed()
    job = await talk.give("a")
    await agent.connector.started("a")
    talk.socket.transport.abort()
    agent.connector.finish("a")
    await agent.slots.idle()
    talk = await hub.accepted()
    assert (await talk.welcome()).running == (lease_of(job),)
    assert (await talk.hear(CompleteJob)).lease == job.lease
    assert agent.connector.stopped == []


async def test_a_report_without_an_ack_is_sent_again_on_the_next_connection(
    hub: FakeHub, agent: Agent
) -> None:
    talk = await hub.welcomed()
    await talk.give("a")
    await agent.connector.started("a")
    agent.connector.finish("a")
    first = await talk.hear(CompleteJob)
    await talk.socket.close()
    talk = await hub.welcomed()
    assert await talk.hear(CompleteJob) == first


async def test_on_a_new_connection_the_credit_is_given_once(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.welcomed()
    await talk.give("a")
    await agent.connector.started("a")
    agent.running.cancel()
    await agent.end()
    agent.connector.finish("a")
    await agent.slots.idle()
    agent.running = asyncio.create_task(agent.link.run())
    talk = await hub.welcomed()
    await talk.give("b")
    await agent.connector.started("b")
    assert [each.slots for each in talk.heard if isinstance(each, ClaimJob)] == [1]


@pytest.mark.parametrize("addressee", ["w1", None])
async def test_a_cancel_reaches_the_worker_with_and_without_its_name(
    hub: FakeHub, agent: Agent, addressee: str | None
) -> None:
    talk = await hub.welcomed()
    await talk.give("a")
    await agent.connector.started("a")
    await talk.say(CancelJob(job_id="a", worker_id=addressee))
    await agent.connector.stopping("a")
    await talk.hear(ClaimJob)
    assert not any(isinstance(each, CompleteJob) for each in talk.heard)


async def test_heartbeats_name_the_leases_and_end_those_that_are_lost(
    hub: FakeHub, agent: Agent
) -> None:
    talk = await hub.welcomed(heartbeat_s=1)  # it leaves a hub that answers none of three
    job = await talk.give("a")
    await talk.hear(UpdateJobProgress)
    beat = await talk.hear(WorkerHeartbeat)
    assert beat.running is not None
    assert beat.running == (lease_of(job),)
    await talk.say(WorkerHeartbeatAck(worker_id="w1", lost=beat.running))
    await agent.connector.stopping("a")


async def test_a_hub_that_answers_no_heartbeat_is_left_for_a_new_connection(
    hub: FakeHub, agent: Agent
) -> None:
    talk = await hub.welcomed(heartbeat_s=0.01)
    await hub.welcomed()
    assert sum(isinstance(each, WorkerHeartbeat) for each in talk.heard) == 3
    assert not agent.running.done()


@pytest.mark.usefixtures("agent")
async def test_a_hub_that_registers_nobody_is_left_for_a_new_connection(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WELCOME_S", 0.05)
    talk = await hub.accepted()
    await hub.accepted()
    await talk.socket.wait_closed()


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("{", "not JSON"),
        ('{"type": "no_such_type"}', "no_such_type"),
        ('{"type": "worker_registered"}', "heartbeat_s"),
        (b"\xff\xfe", "UTF-8"),
        ('{"type": "claim_job", "worker_id": "w1"}', "not for agents"),
        ('{"type": "worker_heartbeat_ack", "worker_id": "w2"}', "no worker w2"),
    ],
)
async def test_a_frame_that_makes_no_sense_is_logged_and_ignored(
    hub: FakeHub, frame: str | bytes, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    talk = await hub.welcomed()
    await talk.socket.send(frame)
    await talk.give("a")
    await talk.hear(UpdateJobProgress)
    assert words in caplog.text


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("message", [Error(error="no such lease"), Unknown(content="no such word")])
async def test_what_the_hub_complains_of_is_logged(
    hub: FakeHub, message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    talk = await hub.welcomed()
    await talk.say(message)
    await wait_until(lambda: "no such" in caplog.text)


@pytest.mark.usefixtures("agent")
async def test_what_is_not_json_is_left_out_and_the_connection_holds(
    hub: FakeHub, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    talk = await hub.welcomed()
    await talk.give("a")
    await agent.connector.started("a")
    agent.connector.reports["a"](Progress(percent=float("nan")))
    await wait_until(lambda: "update_job_progress is left out" in caplog.text)
    agent.connector.reports["a"](Progress(percent=50))
    assert (await talk.hear(UpdateJobProgress)).progress == 0
    assert (await talk.hear(UpdateJobProgress)).progress == 50


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
async def test_a_token_refused_at_the_door_ends_the_link(
    hub: FakeHub, agent: Agent, status: HTTPStatus
) -> None:
    hub.refusal = status
    problem = await agent.end()
    assert isinstance(problem, TokenRefusedError)
    assert "WORKER_TOKEN" in str(problem)


async def test_a_hub_that_is_not_ready_is_tried_again(hub: FakeHub, agent: Agent) -> None:
    hub.refusal = HTTPStatus.SERVICE_UNAVAILABLE
    await wait_until(lambda: len(hub.requests) >= 3)
    hub.refusal = None
    await hub.welcomed()
    assert not agent.running.done()


async def test_a_token_refused_on_the_socket_ends_the_link(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.accepted()
    await talk.socket.close(1008, "Invalid authentication")
    assert isinstance(await agent.end(), TokenRefusedError)


async def test_an_id_that_is_taken_ends_the_link(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.welcomed()
    await talk.socket.close(4409, "replaced")
    problem = await agent.end()
    assert isinstance(problem, WorkerIdTakenError)
    assert "WORKER_ID" in str(problem)


async def test_an_id_that_is_taken_beside_others_ends_the_link(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.welcomed()
    await talk.say(Error(error="worker_id: w1: taken", details={"worker_id": "w1", "code": 4409}))
    assert isinstance(await agent.end(), WorkerIdTakenError)


async def test_a_hub_that_is_down_is_tried_until_it_is_up(caplog: pytest.LogCaptureFixture) -> None:
    hub, port = FakeHub(), free_port()
    hub.url = f"http://127.0.0.1:{port}"
    async with asyncio.TaskGroup() as tasks:
        agent = Agent(hub, tasks)
        await wait_until(lambda: caplog.text.count("no connection to the hub") >= 2)
        async with running_hub(port) as again:
            await again.welcomed()
            agent.running.cancel()


async def test_a_good_connection_ends_the_growing_of_the_pauses(
    hub: FakeHub, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []

    def count(failures: int, **_: float) -> float:
        counted.append(failures)
        return 0

    monkeypatch.setattr(connection, "backoff_s", count)
    for _ in range(2):
        await (await hub.accepted()).socket.close()
    talk = await hub.welcomed()
    await talk.hear(ClaimJob)
    await talk.socket.close()
    await hub.accepted()
    assert counted == [1, 2, 1]
    assert not agent.running.done()


async def test_cancelling_the_link_closes_the_socket_in_good_order(
    hub: FakeHub, agent: Agent
) -> None:
    talk = await hub.welcomed()
    agent.running.cancel()
    await talk.socket.wait_closed()
    assert talk.socket.close_code == 1000


async def test_a_cancellation_is_kept_while_a_lost_connection_is_cleared_up(hub: FakeHub) -> None:
    clearing, go_on = asyncio.Event(), asyncio.Event()

    async def slow_to_end(_worker: Worker, _period_s: float) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            clearing.set()
            await go_on.wait()

    async with asyncio.TaskGroup() as tasks:
        agent = Agent(hub, tasks, beat=slow_to_end)
        talk = await hub.welcomed()
        await talk.hear(ClaimJob)
        talk.socket.transport.abort()
        await clearing.wait()
        agent.running.cancel()
        go_on.set()
        assert isinstance(await agent.end(), asyncio.CancelledError)


async def test_a_registration_is_not_repeated_by_itself(hub: FakeHub, agent: Agent) -> None:
    talk = await hub.welcomed()
    await talk.give("a")
    await agent.connector.started("a")
    assert sum(isinstance(each, RegisterWorker) for each in talk.heard) == 1


async def test_a_hub_that_does_not_answer_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with create_server(("127.0.0.1", 0)) as silent:
        url = socket_url(f"http://127.0.0.1:{silent.getsockname()[1]}", "w1")
        link = Link(url, None, {}, Outgoing(), heartbeat, retry_cap_s=0.01, open_s=0.05)
        running = asyncio.create_task(link.run())
        await wait_until(lambda: caplog.text.count("timed out during opening handshake") > 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
