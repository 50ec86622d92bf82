"""The logs of a worker's engines, asked for over REST, answered over its socket."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.sessions import logs
from shared.messages import LOG_CHARACTERS, Error, RequestLogs, ResponseLogs
from tests.support.hubs import RunningHub, running_hub
from tests.support.waiting import wait_until
from tests.support.wire_worker import WireWorker


def _asking(hub: RunningHub, **query: Any) -> "asyncio.Task[httpx.Response]":
    return asyncio.create_task(_ask(hub, **query))


async def _ask(hub: RunningHub, **query: Any) -> httpx.Response:
    return await hub.rest.get("/workers/w1/logs", params=query)


async def _tells(worker: WireWorker, *lines: str) -> RequestLogs:
    asked = await worker.expect(RequestLogs)
    answer = ResponseLogs(worker_id="w1", request_id=asked.request_id, lines=lines)
    await worker.send(answer)
    return asked


async def test_the_worker_is_asked_and_its_lines_are_told(hub: RunningHub) -> None:
    worker = await hub.worker("w1")
    asking = _asking(hub, lines=2)
    assert (await _tells(worker, "one line", "änd 100 %")).lines == 2
    answer = await asking
    assert answer.status_code == 200
    assert answer.json() == {"worker_id": "w1", "lines": ["one line", "änd 100 %"]}


async def test_the_worker_may_be_on_another_hub(
    hub: RunningHub, redis_url: str, tmp_path: Path
) -> None:
    worker = await hub.worker("w1")
    async with running_hub(redis_url, tmp_path / "other") as other:
        asking = _asking(other)
        await _tells(worker, "far away")
        assert (await asking).json()["lines"] == ["far away"]


async def test_of_too_much_the_newest_is_told(hub: RunningHub) -> None:
    worker = await hub.worker("w1")
    asking = _asking(hub)
    await _tells(worker, *(f"{number:04}{'x' * 996}" for number in range(100)))
    told = (await asking).json()["lines"]
    assert (told[-1][:4], len(told)) == ("0099", LOG_CHARACTERS // 1001)


async def test_who_is_not_here_cannot_be_asked(hub: RunningHub) -> None:
    assert (await _ask(hub)).status_code == 404
    worker = await hub.worker("w1")
    await worker.socket.close()

    async def is_gone() -> bool:
        return (await _ask(hub)).status_code == 409

    await wait_until(is_gone)
    assert "offline" in (await _ask(hub)).json()["error"]


@pytest.mark.parametrize("lines", ["0", "501", "many"])
async def test_the_number_of_lines_has_bounds(hub: RunningHub, lines: str) -> None:
    answer = await _ask(hub, lines=lines)
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, "lines")


async def test_who_does_not_answer_is_not_waited_for(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await hub.worker("w1")
    with monkeypatch.context() as patch:
        patch.setattr(logs, "ANSWER_S", 0.5)
        answer = await _ask(hub)
    assert (answer.status_code, "did not tell" in answer.json()["error"]) == (504, True)
    await _tells(worker, "too late")
    asking = _asking(hub)
    await _tells(worker, "in time")
    assert (await asking).json()["lines"] == ["in time"]


async def test_an_answer_to_no_question_is_refused(hub: RunningHub) -> None:
    worker = await hub.worker("w1")
    await worker.send(ResponseLogs(worker_id="w1", request_id="x y", lines=("a",)))
    assert "request_id" in (await worker.expect(Error)).error
