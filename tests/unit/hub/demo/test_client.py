"""The demo's REST client against a hub on a real socket."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from hub.demo.client import HubClient
from hub.demo.errors import DemoError
from shared.states import JobState
from shared.wire import WireError
from tests.fakes.rest_hub import CREATED_AT, JOB_ID, LIFE, RestHub, event, serving


@asynccontextmanager
async def client_of(hub: RestHub) -> AsyncGenerator[HubClient]:
    async with serving(hub):
        client = HubClient.at(hub.url)
        async with client.http:
            yield client


async def test_a_submission_carries_service_workflow_and_priority() -> None:
    hub = RestHub()
    async with client_of(hub) as client:
        assert await client.submit("simulation", {"1": {}}, 9) == JOB_ID
    assert hub.submitted == [
        {"type": "simulation", "payload": {"workflow": {"1": {}}}, "priority": 9}
    ]


async def test_a_refusal_is_told_with_every_field_at_fault() -> None:
    body = {
        "error": "the job is not valid: type: unknown",
        "fields": [
            {"field": "type", "problem": "unknown"},
            {"field": "priority", "problem": "too high", "accepted": "up to 10"},
            {"field": "payload.workflow", "problem": "UI format", "accepted": None},
        ],
    }
    async with client_of(RestHub(refusal=(400, body))) as client:
        with pytest.raises(DemoError) as refused:
            await client.submit("simulation", {}, 11)
    assert str(refused.value).splitlines() == [
        "the hub refused (400): the job is not valid: type: unknown",
        "  priority: too high; accepted: up to 10",
        "  payload.workflow: UI format",
    ]


async def test_a_refusal_in_other_words_is_told_as_it_is() -> None:
    async with client_of(RestHub(refusal=(502, ["bad", "gateway"]))) as client:
        with pytest.raises(DemoError, match=r'refused \(502\): \["bad","gateway"\]'):
            await client.submit("simulation", {}, 1)


async def test_an_answer_that_is_no_answer_is_a_wire_error() -> None:
    async with client_of(RestHub(refusal=(201, {"jobs": 1}))) as client:
        with pytest.raises(WireError, match="job_id is missing"):
            await client.submit("simulation", {}, 1)


async def test_a_silent_hub_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = HubClient.at(f"http://127.0.0.1:{port}")
    async with client.http:
        with pytest.raises(DemoError, match=f"the hub at http://127.0.0.1:{port} does not answer"):
            await client.finished(JOB_ID)


async def test_a_finished_job_is_read_with_its_times_and_files() -> None:
    async with client_of(RestHub(files={"a.png": b"A"})) as client:
        job = await client.finished(JOB_ID)
    assert (job.id, job.status, job.created_at) == (JOB_ID, JobState.COMPLETED, CREATED_AT)
    assert [(file.filename, file.size_bytes) for file in job.files] == [("a.png", 1)]


@pytest.mark.parametrize("result", [None, {}, ["odd"]])
async def test_a_result_may_hold_no_files(result: Any) -> None:
    async with client_of(RestHub(job={"result": result})) as client:
        assert (await client.finished(JOB_ID)).files == []


async def _told(hub: RestHub) -> list[tuple[str, JobState]]:
    async with client_of(hub) as client:
        return [(each.name, each.status) async for each in client.events(JOB_ID)]


TOLD = [(each["event"], JobState(each["status"])) for each in LIFE]


async def test_events_are_told_up_to_the_end_of_the_job() -> None:
    late = event("submitted", "pending")
    assert await _told(RestHub(events=(*LIFE, late))) == TOLD


@pytest.mark.parametrize("cut_after", [0, 1, 3])
async def test_a_cut_stream_goes_on_with_the_next_event(cut_after: int) -> None:
    hub = RestHub(cut_after=cut_after)
    assert await _told(hub) == TOLD
    assert hub.resumed == [None, str(cut_after) if cut_after else None]


async def test_a_stream_that_ends_before_the_job_is_asked_for_again() -> None:
    hub = RestHub(events=LIFE[:2])
    async with client_of(hub) as client:
        events = client.events(JOB_ID)
        told = [(await anext(events)).name for _ in range(2)]
        hub.events = LIFE
        told += [each.name async for each in events]
    assert told == [name for name, _ in TOLD]
    assert hub.resumed == [None, "2"]


async def test_a_download_is_the_announced_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    async with client_of(RestHub(files={"a.png": content})) as client:
        (file,) = (await client.finished(JOB_ID)).files
        await client.download(file, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == content


async def test_a_damaged_download_is_refused(tmp_path: Path) -> None:
    async with client_of(RestHub(files={"a.png": b"A"})) as client:
        (file,) = (await client.finished(JOB_ID)).files
        with pytest.raises(DemoError, match=r"a\.png arrived damaged"):
            await client.download(evolve(file, sha256="0" * 64), tmp_path / "a")


async def test_a_download_from_a_silent_hub_says_so(tmp_path: Path) -> None:
    hub = RestHub(files={"a.png": b"A"})
    async with client_of(hub) as client:
        (file,) = (await client.finished(JOB_ID)).files
    gone = HubClient.at(hub.url)
    async with gone.http:
        with pytest.raises(DemoError, match="does not answer"):
            await gone.download(file, tmp_path / "a")
