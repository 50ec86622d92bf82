"""Every connector keeps its promise; one that does not is found out."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.connector_settings import A1111Settings, RestAsyncSettings, RestSyncSettings
from agent.connectors.a1111 import A1111
from agent.connectors.base import Connector, Offer, OutputFile, Progress, Report, Result, Work
from agent.connectors.comfyui import ComfyUI, ComfyUISettings
from agent.connectors.conformance import ConformanceError, check, main
from agent.connectors.own import load
from agent.connectors.rest import RestAsync, RestSync
from agent.connectors.simulation import Simulation, SimulationSettings
from tests.fakes.a1111 import FakeA1111
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.rest_service import Answer, RestService
from tests.integration.agent.a1111.jobs import SMALL
from tests.integration.agent.comfyui.workflows import graph
from tests.support.tree import ROOT

Subject = tuple[Connector, dict[str, Any]]


@asynccontextmanager
async def simulation() -> AsyncGenerator[Subject]:
    settings = SimulationSettings(processing_time_s=0.05, failure_rate=0)
    yield Simulation(settings), {"workflow": graph()}


@asynccontextmanager
async def comfyui() -> AsyncGenerator[Subject]:
    async with FakeComfyUI().listening() as fake:
        settings = ComfyUISettings(url=fake.url, poll_interval_s=0.05)
        yield ComfyUI(settings), {"workflow": graph()}


@asynccontextmanager
async def a1111() -> AsyncGenerator[Subject]:
    async with FakeA1111().listening() as fake:
        settings = A1111Settings(a1111_url=fake.url, a1111_poll_interval_s=0.02)
        yield A1111(settings), SMALL


@asynccontextmanager
async def rest() -> AsyncGenerator[Subject]:
    async with RestService().listening() as service:
        service.on("/", Answer(body={"id": "7"}))
        yield RestSync(RestSyncSettings(rest_sync_base_url=service.url)), {"a": 1}


@asynccontextmanager
async def rest_async() -> AsyncGenerator[Subject]:
    async with RestService().listening() as service:
        service.on("/", Answer(body={"id": "7"}))
        service.on("/status/7", Answer(body={"status": "done", "result": {}}))
        settings = RestAsyncSettings(
            rest_async_base_url=service.url, rest_async_poll_interval_ms=10
        )
        yield RestAsync(settings), {"a": 1}


@asynccontextmanager
async def template() -> AsyncGenerator[Subject]:
    yield load(str(ROOT / "examples/connector.py"), {"REVERSER_LETTER_S": "0.01"}), {"text": "abc"}


@pytest.mark.parametrize("subject", [simulation, comfyui, a1111, rest, rest_async, template])
async def test_our_connectors_keep_the_promise(subject: Any) -> None:
    async with subject() as (connector, payload):
        await check(connector, payload)


class Bad:
    """Breaks every promise there is."""

    name = ""
    slots = 0

    def __init__(self) -> None:
        self.takes_s = iter((0.0, 3600.0, 0.0))  # what works: of three, the second is cancelled

    async def open(self) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""

    async def offer(self) -> Offer:
        return Offer(services=())

    async def run(self, work: Work, report: Report) -> Result:
        if "works" not in work.payload:
            raise KeyError("works")
        report(Progress(percent=120))
        report(Progress(percent=50))
        try:
            await asyncio.sleep(next(self.takes_s))
        except asyncio.CancelledError:
            raise RuntimeError("no") from None
        files = (
            OutputFile(filename="a/b", mime_type="text", content=b""),
            OutputFile(filename="c", mime_type="a/b", content=Path("none")),
        )
        return Result(data={"x": float("nan")}, files=files)


async def test_everything_that_is_wrong_is_named() -> None:
    with pytest.raises(ConformanceError) as caught:
        await check(Bad(), {"works": True})
    text = str(caught.value)
    for words in (
        "name: ",
        "slots: ",
        "services must",
        "is not JSON",
        "no bare name",
        "no media type",
        "there is no none",
        "from 0 to 100",
        "must not fall",
        "not KeyError",
        "not RuntimeError",
    ):
        assert words in text


class Failing(Bad):
    """Cannot even do what works."""

    async def run(self, work: Work, report: Report) -> Result:
        raise OSError(f"gone with {work.job_id} and {report}")


async def test_a_payload_that_works_must_work() -> None:
    with pytest.raises(ConformanceError, match="failed with OSError: gone with conformance"):
        await check(Failing(), {})


def test_a_file_can_be_checked_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    payload = tmp_path / "payload.json"
    payload.write_text('{"text": "ab"}')
    main(str(ROOT / "examples/connector.py"), str(payload))
    assert "keeps the promise" in capsys.readouterr().out
