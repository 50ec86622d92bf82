"""Two hubs, two data folders, one Redis: what was given to one can be had from the other."""

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncGenerator
from pathlib import Path
from unittest.mock import AsyncMock

import httpx
import pytest
from PIL import Image

from hub import neighbours as module
from hub.store.hubs import Hubs
from hub.store.keys import key
from shared.messages import (
    Error,
    JobAccepted,
    JobAssigned,
    JobCompletedAck,
    JobFailedAck,
    Message,
    ResponseJobStatus,
)
from shared.pieces import split
from shared.wire import decode
from tests.integration.hub.test_app import PATIENCE_S, announced, process
from tests.integration.hub.test_pieces import FRAME, JOB, LARGE, in_pieces
from tests.support.hubs import RunningHub, running_hub
from tests.support.waiting import wait_until
from tests.support.wire_client import client_of

Pair = tuple[RunningHub, RunningHub]
CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()


async def found(hub: RunningHub) -> None:
    """Say where a hub is, as its loop does."""
    hub.parts.neighbours.address = hub.url
    await hub.parts.neighbours.hubs.announce(hub.url)


async def silenced(hub: RunningHub) -> None:
    """As when a hub was last heard a minute ago."""
    hub.parts.neighbours.address = None
    await hub.parts.client.command("ZINCRBY", key("hubs"), -60_000, hub.url)


@pytest.fixture
async def pair(redis_url: str, tmp_path: Path) -> AsyncGenerator[Pair]:
    """Two hubs that know each other."""
    async with (
        running_hub(redis_url, tmp_path / "a") as first,
        running_hub(redis_url, tmp_path / "b") as second,
    ):
        for hub in (first, second):
            await found(hub)
        yield first, second


async def uploaded(hub: RunningHub, content: bytes) -> str:
    return (await hub.rest.post("/artifacts", content=content)).json()["sha256"]


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(file, "PNG")
    return file.getvalue()


async def large_job(hub: RunningHub) -> str:
    async with client_of(hub.url) as client:
        for part in split(FRAME):
            await client.send(part)
        return (await client.expect(JobAccepted)).job_id


async def test_a_large_payload_and_a_large_result_pass_between_hubs(pair: Pair) -> None:
    first, second = pair
    job_id = await large_job(first)
    worker = await second.worker()
    await worker.claim()
    job = decode(await in_pieces(worker))
    assert isinstance(job, JobAssigned)
    assert (job.job_id, job.params) == (job_id, {"text": LARGE})
    result = {"text": LARGE[::-1] + "."}
    await worker.complete_in_pieces(job, result)
    await worker.expect(JobCompletedAck)
    async with client_of(first.url) as client:
        await client.send({"type": "request_job_status", "job_id": job_id})
        assert json.loads(await in_pieces(client))["result"] == result
    url = (await first.job(job_id))["result"]["text"]["$artifact"]["url"]
    for hub in pair:
        assert (await hub.rest.get(url)).json() == LARGE[::-1] + "."


async def test_a_value_that_no_hub_has_any_more_is_told_as_its_reference(pair: Pair) -> None:
    first, second = pair
    job_id = await large_job(first)
    reference = (await first.job(job_id))["payload"]["text"]
    await first.parts.artifacts.remove(reference["$artifact"]["sha256"])
    worker = await second.worker()
    assert (await worker.take()).params == {"text": reference}


async def test_a_job_whose_payload_cannot_be_had_fails_with_what_to_do(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    job_id = await large_job(first)
    await silenced(first)
    worker = await second.worker()
    await worker.claim()
    assert (await worker.expect(JobFailedAck)).job_id == job_id
    (attempt,) = (await second.job(job_id))["attempts"]
    assert attempt["error_class"] == "network"
    assert f"the hub at {first.url} was last heard" in attempt["error"]
    assert "set HUB_PEER_URL" in attempt["error"]
    monkeypatch.setattr(module, "SILENT_MS", 10**9)
    other = await second.submit(priority=99)  # the worker still has its claim
    assert (await worker.expect(JobAssigned)).job_id == other


async def test_a_worker_that_races_is_told_of_such_a_job_as_well(pair: Pair) -> None:
    first, second = pair
    job_id = await large_job(first)
    await silenced(first)
    worker = await second.worker(subscribe_to_jobs=True)
    await worker.send(json.dumps({"type": "claim_job", "worker_id": "w1", "job_id": job_id}))
    heard = await worker.expect(Message)
    while not isinstance(heard, JobFailedAck):
        heard = await worker.expect(Message)
    assert heard.job_id == job_id


async def test_a_result_that_cannot_be_had_is_told_as_its_reference(pair: Pair) -> None:
    first, second = pair
    job_id = await first.submit()
    worker = await first.worker()
    job = await worker.take()
    await worker.complete_in_pieces(job, LARGE)
    await worker.expect(JobCompletedAck)
    await silenced(first)
    async with client_of(second.url) as client:
        await client.send({"type": "request_job_status", "job_id": job_id})
        assert "$artifact" in (await client.expect(ResponseJobStatus)).result


async def test_a_file_is_passed_on_whole_and_in_parts(pair: Pair) -> None:
    first, second = pair
    path = f"/artifacts/{await uploaded(first, CONTENT)}"
    whole = await second.rest.get(path)
    assert (whole.status_code, whole.content) == (200, CONTENT)
    direct = await first.rest.get(path)
    for name in ("content-type", "etag", "content-disposition", "x-content-type-options"):
        assert whole.headers[name] == direct.headers[name]
    part = await second.rest.get(path, headers={"Range": "bytes=256-511"})
    assert (part.status_code, part.content) == (206, CONTENT[256:512])
    assert part.headers["content-range"] == f"bytes 256-511/{len(CONTENT)}"
    known = await second.rest.get(path, headers={"If-None-Match": f'"{SHA256}"'})
    assert known.status_code == 304
    beyond = await second.rest.get(path, headers={"Range": f"bytes={len(CONTENT)}-"})
    assert beyond.status_code == 416
    assert second.parts.artifacts.find(SHA256) is None


async def test_thumbnails_and_zips_are_made_of_files_elsewhere(pair: Pair) -> None:
    first, second = pair
    sha256 = await uploaded(first, picture())
    small = await second.rest.get(f"/artifacts/{sha256}/thumbnail?size=64")
    assert Image.open(io.BytesIO(small.content)).size[0] == 64
    none = await second.rest.get(f"/artifacts/{await uploaded(first, CONTENT)}/thumbnail")
    assert (none.status_code, "neither image nor video" in none.text) == (404, True)
    job_id = await second.submit()
    worker = await second.worker()
    files = [{"filename": "a.png", "sha256": sha256}]
    await worker.complete(await worker.take(), {"files": files})
    await worker.expect(JobCompletedAck)
    packed = await second.rest.get(f"/jobs/{job_id}/artifacts.zip")
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.read("a.png") == picture()
    await first.parts.artifacts.remove(sha256)
    assert (await second.rest.get(f"/jobs/{job_id}/artifacts.zip")).status_code == 404


async def test_an_input_that_is_elsewhere_may_be_named(pair: Pair) -> None:
    first, second = pair
    sha256 = await uploaded(first, CONTENT)
    inputs = [{"name": "a.bin", "artifact": sha256}]
    job_id = await second.submit(payload={"inputs": inputs})
    assert (await second.job(job_id))["payload"] == {"inputs": inputs}
    named = [{"name": "a.bin", "artifact": "0" * 64}]
    refused = await second.rest.post(
        "/jobs", json={"type": "simulation", "payload": {"inputs": named}}
    )
    assert (refused.status_code, "there is no artifact" in refused.text) == (400, True)


async def test_what_no_hub_has_is_not_found(pair: Pair) -> None:
    for path in ("", "/thumbnail"):
        assert (await pair[1].rest.get(f"/artifacts/{'0' * 64}{path}")).status_code == 404


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("http://127.0.0.1:1", "does not answer (ConnectError)"),
        ("file:///etc/passwd", "has said that it is at 'file:///etc/passwd'"),
        ("http://user@127.0.0.1", "has said that it is at"),
    ],
)
async def test_a_hub_that_does_not_answer_is_named_with_the_remedy(
    pair: Pair, address: str, problem: str
) -> None:
    first, second = pair
    await second.parts.neighbours.hubs.announce(address)
    missing = await second.rest.get(f"/artifacts/{'0' * 64}")
    assert (missing.status_code, missing.headers["retry-after"]) == (503, "5")
    assert problem in missing.json()["error"]
    assert "set HUB_PEER_URL to where other hubs find that hub" in missing.json()["error"]
    sha256 = await uploaded(first, CONTENT)  # one that has it is found all the same
    assert (await second.rest.get(f"/artifacts/{sha256}")).content == CONTENT
    async with client_of(second.url) as client:
        named = [{"name": "a.bin", "artifact": "0" * 64}]
        await client.send(JOB | {"payload": {"inputs": named}})
        assert problem in (await client.expect(Error)).error


async def test_a_server_that_does_not_let_hubs_in_is_named(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hubs, "is_sent_for", AsyncMock(return_value=False))
    missing = await pair[1].rest.get(f"/artifacts/{'0' * 64}")
    assert f"the hub at {pair[0].url} answers 401" in missing.json()["error"]


async def test_only_an_errand_lets_a_hub_in_and_only_to_its_file(pair: Pair) -> None:
    first, second = pair
    sha256 = await uploaded(first, CONTENT)
    path = f"/hubs/artifacts/{sha256}"
    errand = await second.parts.neighbours.hubs.send_for(sha256)
    shown: list[dict[str, str]] = [{}, {module.ERRAND: ""}, {module.ERRAND: "x"}]
    for headers in shown:
        assert (await first.rest.get(path, headers=headers)).status_code == 401
    let_in = {module.ERRAND: errand}
    assert (await first.rest.get(path, headers=let_in)).content == CONTENT
    other = f"/hubs/artifacts/{'0' * 64}"
    assert (await first.rest.get(other, headers=let_in)).status_code == 401
    asked = await second.rest.get(path, headers=let_in)  # which looks on its own disk alone
    assert (asked.status_code, module.HAS_NOT in asked.headers) == (404, True)


async def test_only_a_value_of_messages_is_ever_copied(pair: Pair) -> None:
    first, second = pair
    sha256 = await uploaded(first, b'{"any": "file"}')
    reference = {"$artifact": {"sha256": sha256}}
    await first.submit(payload={"x": reference})
    worker = await second.worker()
    assert (await worker.take()).params == {"x": reference}
    assert second.parts.artifacts.find(sha256) is None


async def test_two_who_want_the_same_value_copy_it_once(pair: Pair) -> None:
    first, second = pair
    job_id = await large_job(first)
    sha256 = (await first.job(job_id))["payload"]["text"]["$artifact"]["sha256"]
    copy = second.parts.neighbours.copy
    assert await asyncio.gather(copy(sha256), copy(sha256)) == [True, True]
    assert second.parts.artifacts.values.has(sha256)


async def test_a_hub_says_where_it_is_as_long_as_it_runs(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "ANNOUNCE_S", 0.01)
    first, second = pair
    await first.parts.client.command("DEL", key("hubs"))
    running = [asyncio.create_task(each.parts.neighbours.run()) for each in pair]

    async def both() -> bool:
        return len(await first.parts.neighbours.hubs.others(None)) == 2

    await wait_until(both)
    second.parts.neighbours.address = None
    await wait_until(lambda: "set HUB_PEER_URL" in caplog.text)
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_two_hubs_that_are_told_nothing_find_each_other(
    redis_url: str, tmp_path: Path
) -> None:
    async with (
        process(tmp_path / "a", REDIS_URL=redis_url) as one,
        process(tmp_path / "b", REDIS_URL=redis_url) as other,
        httpx.AsyncClient(timeout=PATIENCE_S) as rest,
    ):
        first, second = await announced(one), await announced(other)
        stored = await rest.post(f"{first}/artifacts", content=CONTENT)

        async def is_found() -> bool:
            found = await rest.get(second + stored.json()["url"])
            return found.content == CONTENT

        await wait_until(is_found, PATIENCE_S)
