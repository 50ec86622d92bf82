"""Commands to a running agent: real processes, a real socket, a hub of the test."""

import asyncio
import json
import signal
import stat
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from shared.messages import (
    ClaimJob,
    CompleteJob,
    JobCompletedAck,
    RegisterWorker,
    WorkerRegistered,
    WorkerStatus,
)
from tests.fakes.hub import FakeHub, Talk
from tests.support.agents import Start, end
from tests.support.waiting import wait_until

NEVER_FAILS = {"WORKER_SIMULATION_FAILURE_RATE": "0"}
Tell = Callable[..., Coroutine[Any, Any, str]]
Ask = Callable[[str, str], Coroutine[Any, Any, Any]]


@pytest.fixture
async def place() -> AsyncGenerator[Path]:
    with TemporaryDirectory(prefix="emp-") as directory:  # a socket's path must be short
        yield Path(directory)


@pytest.fixture
def tell(start: Start, place: Path) -> Tell:
    """Says a command to the agent of `place`; its code is 0 unless the test says otherwise."""

    async def told(*words: str, code: int = 0, **environ: str) -> str:
        ended, output = await end(await start(*words, WORKER_STATE_DIR=str(place), **environ))
        assert ended == code, output
        return output

    return told


@pytest.fixture
def ask(place: Path) -> Ask:
    """Asks the agent without a command, which would take its time to start."""

    async def asked(method: str, path: str) -> Any:
        await wait_until((place / "w1.sock").exists)
        transport = httpx.AsyncHTTPTransport(uds=str(place / "w1.sock"))
        async with httpx.AsyncClient(transport=transport, base_url="http://agent") as agent:
            return (await agent.request(method, path)).json()

    return asked


async def _agrees(talk: Talk) -> RegisterWorker:
    """Let the worker introduce itself anew."""
    registration = await talk.hear(RegisterWorker)
    await talk.say(WorkerRegistered(worker_id="w1", heartbeat_s=60, lease_s=90))
    return registration


async def test_the_status_is_told_to_people_and_programs(
    hub: FakeHub, start: Start, place: Path, tell: Tell
) -> None:
    agent = await start("run", WORKER_STATE_DIR=str(place))
    await (await hub.welcomed()).hear(ClaimJob)
    text = await tell("status")
    assert f"process {agent.pid}" in text
    assert "w1: idle, 0 of 1 slots used" in text
    status: dict[str, Any] = json.loads(await tell("status", "--json"))
    assert (status["pid"], status["connected"], status["paused"]) == (agent.pid, True, False)
    [worker] = status["workers"]
    assert (worker["worker_id"], worker["services"]) == ("w1", ["simulation"])
    assert stat.S_IMODE((place / "w1.sock").stat().st_mode) == 0o600
    agent.terminate()
    assert (await end(agent))[0] == 0
    assert not (place / "w1.sock").exists()


async def test_a_paused_worker_finishes_and_takes_nothing_new_also_after_a_reconnect(
    hub: FakeHub, start: Start, place: Path, tell: Tell, ask: Ask
) -> None:
    await start(
        "run",
        WORKER_STATE_DIR=str(place),
        WORKER_SIMULATION_PROCESSING_TIME="3",
        **NEVER_FAILS,
    )
    talk = await hub.welcomed()
    await talk.give("a", job_type="simulation")
    said = asyncio.create_task(ask("POST", "/api/control/pause"))
    paused = await _agrees(talk)
    assert (paused.status, paused.capabilities.services) == ("paused", ("simulation",))
    assert [each.job_id for each in paused.running] == ["a"]
    [worker] = (await said)["workers"]
    assert (worker["status"], worker["used"], worker["jobs"]) == ("paused", 1, ["a"])
    await talk.hear(CompleteJob)
    await talk.say(JobCompletedAck(job_id="a", worker_id="w1", status="completed", attempt=1))
    assert "paused" in (await tell("status")).splitlines()[0]
    assert sum(isinstance(each, ClaimJob) for each in talk.heard) == 1

    await talk.socket.close(1012, "restart")
    talk = await hub.accepted()
    assert (await talk.welcome()).status == "paused"
    await tell("status")
    assert not any(isinstance(each, ClaimJob) for each in talk.heard)

    said = asyncio.create_task(tell("resume"))
    assert (await _agrees(talk)).status == "idle"
    await talk.hear(ClaimJob)
    assert "w1: idle" in await said


async def test_draining_lets_a_job_finish_however_long_it_takes_and_ends(
    hub: FakeHub, start: Start, place: Path, ask: Ask
) -> None:
    agent = await start(
        "run",
        "--drain-s=0",
        WORKER_STATE_DIR=str(place),
        WORKER_SIMULATION_PROCESSING_TIME="3",
        **NEVER_FAILS,
    )
    talk = await hub.welcomed()
    await talk.give("a", job_type="simulation")
    await ask("POST", "/api/control/drain")
    assert (await talk.hear(WorkerStatus)).status == "draining"
    assert "about to end" in (await ask("POST", "/api/control/pause"))["error"]
    await talk.hear(CompleteJob)
    await talk.say(JobCompletedAck(job_id="a", worker_id="w1", status="completed", attempt=1))
    assert (await end(agent))[0] == 0


async def test_a_signal_does_not_wait_for_what_drains(
    hub: FakeHub, start: Start, place: Path, tell: Tell
) -> None:
    agent = await start(
        "run", WORKER_STATE_DIR=str(place), WORKER_SIMULATION_PROCESSING_TIME="3600"
    )
    talk = await hub.welcomed()
    await talk.give("a", job_type="simulation")
    await tell("drain")
    agent.send_signal(signal.SIGTERM)
    code, output = await end(agent)
    assert code == 0, output


async def test_without_an_agent_it_is_told_where_one_was_looked_for(
    start: Start, place: Path, tell: Tell
) -> None:
    output = await tell("status", code=9)
    assert f"no agent runs here: none answers at {place}/w1.sock" in output
    assert "Traceback" not in output


async def test_the_socket_of_a_killed_agent_is_taken_over(
    hub: FakeHub, start: Start, place: Path, tell: Tell
) -> None:
    agent = await start("run", WORKER_STATE_DIR=str(place))
    await hub.welcomed()
    await wait_until((place / "w1.sock").exists)
    agent.kill()
    await end(agent)
    assert "no agent runs here" in await tell("status", code=9)
    again = await start("run", WORKER_STATE_DIR=str(place))
    await hub.welcomed()
    assert f"process {again.pid}" in await tell("status")


async def test_a_second_agent_of_the_same_id_says_that_commands_reach_the_first(
    hub: FakeHub, start: Start, place: Path, tell: Tell
) -> None:
    first = await start("run", WORKER_STATE_DIR=str(place))
    await hub.welcomed()
    second = await start("run", WORKER_STATE_DIR=str(place))
    await hub.welcomed()
    assert f"process {first.pid}" in await tell("status")
    second.terminate()
    _, output = await end(second)
    assert f"another agent listens at {place}/w1.sock" in output
    assert "WORKER_ID" in output


async def test_without_an_engine_there_is_no_log_and_nothing_to_restart(
    hub: FakeHub, start: Start, place: Path, tell: Tell
) -> None:
    await start("run", WORKER_STATE_DIR=str(place))
    await hub.welcomed()
    assert "no log" in await tell("logs", code=9)
    assert "no engine" in await tell("restart-engine", code=9)
    assert "there is no engine 3" in await tell("logs", "--engine", "3", code=9)
