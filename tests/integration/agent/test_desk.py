"""What the desk shows and does of a worker with an engine of its own, a real process."""

import asyncio
import json
from typing import Any

import pytest

from agent.desk import answer
from agent.desk.http import Request, Response
from shared.messages import (
    ClaimJob,
    CompleteJob,
    FailJob,
    JobFailedAck,
    ReleaseJob,
    RequestLogs,
    ResponseLogs,
)
from shared.states import Reason
from tests.integration.agent.test_station import Agent, Start, agent
from tests.support.waiting import wait_until

__all__ = ["agent"]


async def _ask(
    running: Agent, method: str, path: str, expected: int = 200, **query: str
) -> dict[str, Any]:
    response = await answer(running.desk, Request(method, path, query, {}))
    assert response.status == expected, response.content
    return json.loads(response.content)


async def _logs(running: Agent, **query: str) -> Response:
    return await answer(running.desk, Request("GET", "/api/logs", query, {}))


async def test_the_engine_is_shown_with_its_process(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    [engine] = (await _ask(running, "GET", "/api/status"))["engines"]
    assert (engine["number"], engine["name"], engine["state"]) == (0, "comfyui", "ready")
    assert (engine["pid"], engine["starts"]) == (running.checkout.facts["pid"], 1)


async def test_an_engine_is_started_anew_when_the_job_has_ended(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    await running.talk.give("a")
    await running.connector.started("a")
    pid = running.checkout.facts["pid"]
    told = await _ask(running, "POST", "/api/control/restart-engine", engine="0")
    assert told == {"engines": ["comfyui of w1"]}
    assert (await running.registers()).status == "initializing"
    assert running.checkout.facts["pid"] == pid
    running.connector.finish("a")
    assert (await running.talk.hear(CompleteJob)).job_id == "a"
    await running.registers("scripted")
    assert running.checkout.facts["pid"] != pid


async def test_an_engine_that_is_started_anew_now_gives_the_job_back(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    await running.talk.give("a")
    await running.connector.started("a")
    pid = running.checkout.facts["pid"]
    await _ask(running, "POST", "/api/control/restart-engine", now="true")
    await running.registers()
    assert (await running.talk.hear(ReleaseJob)).reason is Reason.DRAINED
    await running.talk.say(JobFailedAck(job_id="a", worker_id="w1", status="pending", attempt=1))
    await running.registers("scripted")
    assert running.checkout.facts["pid"] != pid


async def test_an_engine_that_hangs_in_its_start_is_started_anew(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    running.checkout.behave(hang=True)
    await _ask(running, "POST", "/api/control/restart-engine")
    engine = running.desk.engines[0][1]
    await wait_until(lambda: engine.starts == 2 and not running.desk.stations[0].ready, 20)
    running.checkout.behave()
    await _ask(running, "POST", "/api/control/restart-engine")
    await running.registers("scripted")
    assert engine.starts > 2


async def test_a_log_is_followed_from_one_run_of_the_engine_into_the_next(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    text = (await _logs(running, lines="2")).content.decode()
    assert text.splitlines()[-1].startswith("To see the GUI go to:")
    running.checkout.behave(line="a second run")
    stream = (await _logs(running, lines="1", follow="true")).stream
    assert stream is not None
    async with asyncio.timeout(20):
        assert (await anext(stream)).startswith(b"To see the GUI")
        await _ask(running, "POST", "/api/control/restart-engine")
        lines = [await anext(stream)]
        while lines[-1] != b"a second run\n":
            lines.append(await anext(stream))
    await stream.aclose()


async def test_a_job_that_is_cancelled_here_fails_and_is_not_tried_again(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    await running.talk.give("a")
    await running.connector.started("a")
    assert await _ask(running, "POST", "/api/control/cancel-job/a") == {
        "job_id": "a",
        "status": "cancelled",
    }
    failure = await running.talk.hear(FailJob)
    assert (failure.retry, "operator" in failure.error) == (False, True)
    await running.talk.hear(ClaimJob)  # it goes on with others
    told = await _ask(running, "POST", "/api/control/cancel-job/a", 404)
    assert told == {"error": "job a does not run here"}


@pytest.mark.parametrize(
    ("method", "path", "query", "status", "words"),
    [
        ("GET", "/api/nothing", {}, 404, "/api/nothing"),
        ("POST", "/api/status", {}, 405, "only GET"),
        ("GET", "/api/control/pause", {}, 405, "only POST"),
        ("GET", "/api/logs", {"engine": "x"}, 400, "engine: a whole number is needed, not 'x'"),
        ("GET", "/api/logs", {"engine": "7"}, 404, "there is no engine 7"),
        ("POST", "/api/control/restart-engine", {"engine": "1"}, 404, "there is no engine 1"),
    ],
)
async def test_what_cannot_be_done_is_explained(
    agent: Start, method: str, path: str, query: dict[str, str], status: int, words: str
) -> None:
    running = await agent()
    await running.registers("scripted")
    assert words in (await _ask(running, method, path, status, **query))["error"]


async def test_of_several_engines_one_must_be_named_to_be_followed(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    [station] = running.desk.stations
    station.engines = [*station.engines, *station.engines]
    told = json.loads((await _logs(running, follow="true")).content)
    assert "say which engine to follow: 0 to 1" in told["error"]
    lines = (await _logs(running)).content.decode().splitlines()
    assert all(line.startswith("comfyui of w1: ") for line in lines)


async def test_the_hub_is_told_what_the_engine_wrote_when_it_asks(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    await running.talk.say(RequestLogs(worker_id="w1", request_id="r1", lines=1))
    told = await running.talk.hear(ResponseLogs)
    assert (told.request_id, len(told.lines)) == ("r1", 1)
    assert told.lines[0].startswith("To see the GUI go to:")


async def test_the_hub_follows_what_the_engine_writes(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    await running.talk.say(RequestLogs(worker_id="w1", request_id="r1", lines=1))
    first = await running.talk.hear(ResponseLogs)
    behind = RequestLogs(worker_id="w1", request_id="r2", lines=500, after=first.mark, wait_s=20)
    await running.talk.say(behind)
    await _ask(running, "POST", "/api/control/restart-engine", engine="0")
    assert (await running.registers()).status == "initializing"
    told = await running.talk.hear(ResponseLogs)
    assert (told.request_id, told.skipped, len(told.lines)) == ("r2", 0, 1)
    await running.registers("scripted")
