"""Files of an attempt on their way to the hub, and what is left of one that fails."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from agent import handover as handover_module
from agent.connectors.base import ConnectorError, OutputFile, Progress, Report, Result, Work
from agent.handover import AT_ONCE, Handover, handover
from agent.runner import Released, Runner
from agent.slots import Slots, Stopped
from shared.jobs import Failure
from shared.states import ErrorClass
from tests.fakes.connector import ScriptedConnector, no_inputs
from tests.fakes.hub import assignment, lease_of


def file(name: str, content: bytes | Path = b"") -> OutputFile:
    is_temporary = isinstance(content, Path)
    return OutputFile(
        filename=name, mime_type="image/png", content=content, is_temporary=is_temporary
    )


class Hub:
    """Takes files one by one, when the test lets it."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def upload(self, file: OutputFile) -> dict[str, Any]:
        self.sent.append(file.filename)
        await self.may_go.wait()
        if file.filename == "bad":
            raise ConnectorError("could not upload bad", error_class=ErrorClass.NETWORK)
        return {"filename": file.filename}


@pytest.fixture
async def hub() -> Hub:
    return Hub()


@pytest.fixture
async def files(hub: Hub) -> AsyncGenerator[Handover]:
    async with handover(hub.upload) as files:
        yield files


async def test_a_file_that_is_handed_in_twice_is_sent_once(files: Handover, hub: Hub) -> None:
    early = file("a")
    files.take(early)
    assert await files.told((early, file("b"))) == [{"filename": "a"}, {"filename": "b"}]
    assert hub.sent == ["a", "b"]


async def test_few_are_sent_at_once(files: Handover, hub: Hub) -> None:
    hub.may_go.clear()
    for number in range(AT_ONCE + 1):
        files.take(file(str(number)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(hub.sent) == AT_ONCE
    hub.may_go.set()
    assert len(await files.left()) == AT_ONCE + 1


async def test_what_cannot_be_sent_fails_a_result_and_is_left_out_of_what_is_left(
    files: Handover,
) -> None:
    with pytest.raises(ConnectorError, match="could not upload bad"):
        await files.told((file("bad"), file("a")))
    assert await files.left() == [{"filename": "a"}]


async def test_what_takes_too_long_is_left_out(
    files: Handover, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover_module, "PATIENCE_S", 0.01)
    hub.may_go.clear()
    files.take(file("a"))
    assert await files.left() == []


async def test_no_temporary_file_stays(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "0"
    path.write_bytes(b"x")
    async with handover(hub.upload) as files:
        files.take(file("a", path))
        assert await files.left() == [{"filename": "a"}]
        assert path.exists()
    assert not path.exists()


class Painter(ScriptedConnector):
    """Hands in a picture before it goes on."""

    async def run(self, work: Work, report: Report) -> Result:
        work.hand_in(file("half"))
        return await super().run(work, report)


def ignore(_: Progress) -> None:
    pass


async def test_a_failure_tells_what_there_is(hub: Hub) -> None:
    painter = Painter()
    painter.fail("job-1", ConnectorError("no", details={"node": "7"}))
    outcome = await Runner({"scripted": painter}, hub.upload, no_inputs).run(assignment(), ignore)
    assert isinstance(outcome, Failure)
    assert outcome.details == {"node": "7", "partial": [{"filename": "half"}]}


async def test_a_deadline_tells_what_there_is(hub: Hub) -> None:
    runner = Runner({"scripted": Painter()}, hub.upload, no_inputs)
    outcome = await runner.run(assignment(timeout_s=0.01), ignore)
    assert isinstance(outcome, Failure)
    assert outcome.error_class is ErrorClass.TIMEOUT
    assert outcome.details == {"partial": [{"filename": "half"}]}


async def stopped(hub: Hub, how: str, painter: Painter) -> Any:
    """The end of an attempt that is stopped one way or another."""
    ends: list[Any] = []
    async with asyncio.TaskGroup() as tasks:
        slots = Slots(1, Runner({"scripted": painter}, hub.upload, no_inputs).run, tasks)
        job = assignment()
        slots.take(lease_of(job), job, ignore, ends.append)
        await painter.started(job.job_id)
        if how == "abandon":
            slots.abandon(lease_of(job))
        elif how == "cancel":
            slots.cancel(job.job_id, Failure(error="not here"))
        else:
            slots.release()
    (end,) = ends
    return end


async def test_a_cancelled_attempt_tells_what_there_is(hub: Hub) -> None:
    assert await stopped(hub, "abandon", Painter()) == Stopped(None, ({"filename": "half"},))
    end = await stopped(hub, "cancel", Painter())
    assert (end.error, end.details) == ("not here", {"partial": [{"filename": "half"}]})
    assert await stopped(hub, "release", Painter()) == Released()


async def test_an_engine_that_does_not_let_go_tells_what_there_is_too(hub: Hub) -> None:
    for how, partial in (("abandon", ({"filename": "half"},)), ("cancel", None)):
        painter = Painter()
        painter.stop_problem = ConnectorError("did not let go", error_class=ErrorClass.HANG)
        end = await stopped(hub, how, painter)
        if partial:
            assert end == Stopped("did not let go", partial)
        else:
            assert (end.error, end.details) == ("not here", {"partial": [{"filename": "half"}]})
