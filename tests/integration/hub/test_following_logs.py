"""The lines of a worker's engines as they come: Server-Sent Events over what a worker is asked."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.sessions import logs
from shared.messages import LOG_CHARACTERS, Error, RequestLogs, ResponseLogs
from tests.integration.hub.test_events import Told, messages
from tests.support.hubs import RunningHub, running_hub
from tests.support.waiting import wait_until
from tests.support.wire_worker import WireWorker


@asynccontextmanager
async def following(
    hub: RunningHub, after: str | None = None, lines: int = 100
) -> AsyncGenerator[AsyncIterator[Told]]:
    """A reader of the worker's lines."""
    headers = {"Last-Event-ID": after} if after else {}
    query = {"follow": "true", "lines": lines}
    async with (
        asyncio.timeout(20),
        hub.rest.stream("GET", "/workers/w1/logs", params=query, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield messages(answer.aiter_lines())


async def says(
    worker: WireWorker, mark: str | None, *lines: str, skipped: int | None = 0
) -> RequestLogs:
    """The next question, answered."""
    asked = await worker.expect(RequestLogs)
    await answered(worker, asked, mark, *lines, skipped=skipped)
    return asked


async def answered(
    worker: WireWorker, asked: RequestLogs, mark: str | None, *lines: str, skipped: int | None = 0
) -> None:
    """Answer a question."""
    answer = ResponseLogs(
        worker_id="w1", request_id=asked.request_id, lines=lines, mark=mark, skipped=skipped
    )
    await worker.send(answer)


def told(event: Told) -> tuple[str, list[str], int | None]:
    return event["id"], event["data"]["lines"], event["data"]["skipped"]


async def test_first_the_last_lines_and_then_each_as_it_comes(hub: RunningHub) -> None:
    worker = await hub.worker("w1")
    answering = asyncio.create_task(says(worker, "ab-2", "one", "änd 100 %"))
    async with following(hub, lines=2) as stream:
        assert told(await anext(stream)) == ("ab-2", ["one", "änd 100 %"], 0)
        asked = await answering
        assert (asked.lines, asked.after, asked.wait_s) == (2, None, 0)
        asked = await says(worker, "ab-3", "live")
        assert (asked.after, asked.wait_s) == ("ab-2", logs.WAIT_S)
        assert told(await anext(stream)) == ("ab-3", ["live"], 0)
        await says(worker, "ab-9", "later", skipped=5)
        assert told(await anext(stream)) == ("ab-9", ["later"], 5)
        await says(worker, "ab-9")
        assert await anext(stream) == {"comment": "nothing new"}


async def test_the_worker_may_be_on_another_hub(
    hub: RunningHub, redis_url: str, tmp_path: Path
) -> None:
    worker = await hub.worker("w1")
    async with running_hub(redis_url, tmp_path / "other") as other:
        answering = asyncio.create_task(says(worker, "ab-1", "far away"))
        async with following(other) as stream:
            assert told(await anext(stream))[1] == ["far away"]
            await answering
            await says(worker, "ab-2", "farther")
            assert told(await anext(stream))[1] == ["farther"]


async def test_a_reader_resumes_behind_what_it_saw_last(hub: RunningHub) -> None:
    worker = await hub.worker("w1")
    answering = asyncio.create_task(says(worker, "cd-7", "anew", skipped=None))
    async with following(hub, "ab-3") as stream:
        assert told(await anext(stream)) == ("cd-7", ["anew"], None)
    assert (await answering).after == "ab-3"


async def test_when_the_worker_goes_the_stream_says_so_and_ends(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LOOK_S", 0.05)
    worker = await hub.worker("w1")
    answering = asyncio.create_task(says(worker, "ab-1", "one"))
    async with following(hub) as stream:
        await anext(stream)
        await answering
        await worker.expect(RequestLogs)
        await worker.socket.close()
        [last] = [each async for each in stream]
    assert (last["event"], "offline" in last["data"]["message"]) == ("offline", True)


async def test_when_the_reader_goes_the_worker_is_asked_no_more(hub: RunningHub) -> None:
    worker = await hub.worker("w1")
    answering = asyncio.create_task(says(worker, "ab-1", "one"))
    async with following(hub) as stream:
        await anext(stream)
        await answering
        await says(worker, "ab-2", "two")
        await anext(stream)
    assert await asked_until_quiet(worker, "three") <= 1  # the question that was under way


async def test_a_slow_reader_is_waited_for_and_told_what_it_has_missed(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "PACE_S", 0.001)
    worker = await hub.worker("w1")
    answering = asyncio.create_task(says(worker, "ab-0", "one"))
    async with following(hub) as stream:
        await answering
        lines = ["x" * 500 for _ in range(130)]
        await says(worker, "ab-1", *lines)
        assert await asked_until_quiet(worker, *lines) < 1000
        events = asyncio.create_task(until_skipped(stream))
        await says(worker, "ab-9999999", "after all", skipped=12)
        assert (await events)["data"]["lines"] == ["after all"]


async def asked_until_quiet(worker: WireWorker, *lines: str) -> int:
    """How many questions are answered before none comes any more."""
    asked = 0
    try:
        while True:
            async with asyncio.timeout(1):
                await says(worker, f"ab-{asked + 2}", *lines)
            asked += 1
    except TimeoutError:
        return asked


async def until_skipped(stream: AsyncIterator[Told]) -> Told:
    return await anext(each async for each in stream if each.get("data", {}).get("skipped"))


async def test_who_does_not_answer_is_asked_again(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await hub.worker("w1")
    answering = asyncio.create_task(says(worker, "ab-1", "one"))
    async with following(hub) as stream:
        await anext(stream)
        await answering
        asked = await worker.expect(RequestLogs)
        monkeypatch.setattr(logs, "WAIT_S", -logs.ANSWER_S + 0.05)  # of the questions behind it
        await answered(worker, asked, "ab-2", "two")
        assert told(await anext(stream))[1] == ["two"]
        await worker.expect(RequestLogs)  # and this one is not answered
        assert await anext(stream) == {"comment": "nothing new"}
        await worker.expect(RequestLogs)


async def test_of_too_much_the_newest_is_told_and_the_rest_is_counted(hub: RunningHub) -> None:
    worker = await hub.worker("w1")
    lines = [f"{number:04}{'x' * 996}" for number in range(100)]
    answering = asyncio.create_task(says(worker, "ab-100", *lines, skipped=3))
    async with following(hub) as stream:
        _, found, skipped = told(await anext(stream))
    assert (found[-1][:4], len(found)) == ("0099", LOG_CHARACTERS // 1001)
    assert skipped == 3 + 100 - len(found)
    await answering


async def test_an_agent_that_knows_no_marks_cannot_be_followed(hub: RunningHub) -> None:
    worker = await hub.worker("w1")
    answering = asyncio.create_task(says(worker, None, "one"))
    answer = await hub.rest.get("/workers/w1/logs", params={"follow": "true"})
    assert (answer.status_code, "up to date" in answer.json()["error"]) == (504, True)
    await answering


async def test_a_mark_that_is_none_is_refused(hub: RunningHub) -> None:
    worker = await hub.worker("w1")
    query, headers = {"follow": "true"}, {"Last-Event-ID": "not an id"}
    answer = await hub.rest.get("/workers/w1/logs", params=query, headers=headers)
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, "Last-Event-ID")
    await worker.send(ResponseLogs(worker_id="w1", request_id="0" * 32, mark="a b"))
    assert "mark" in (await worker.expect(Error)).error


async def test_who_is_not_here_cannot_be_followed(hub: RunningHub) -> None:
    query = {"follow": "true"}
    assert (await hub.rest.get("/workers/w1/logs", params=query)).status_code == 404
    worker = await hub.worker("w1")
    await worker.socket.close()

    async def is_gone() -> bool:
        return (await hub.rest.get("/workers/w1/logs", params=query)).status_code == 409

    await wait_until(is_gone)
