"""Messages in pieces, both ways, and what is said of pieces that do not fit."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from shared import assembly as module
from shared.messages import (
    Ack,
    ChunkedMessage,
    ChunkedMessageComplete,
    CompleteJob,
    Error,
    JobAccepted,
    JobCompletedAck,
    Ping,
    Pong,
    ResponseJobStatus,
    SubscriptionConfirmed,
    SystemStatus,
)
from shared.pieces import PIECE, chunked, split
from shared.wire import encode
from tests.support.hubs import RunningHub
from tests.support.waiting import wait_until
from tests.support.wire_client import WireClient, client_of
from tests.support.wire_worker import WireWorker

LARGE = "é" * (3 * PIECE)
JOB = {"type": "submit_job", "job_type": "simulation", "payload": {"text": LARGE}}
FRAME = json.dumps(JOB, ensure_ascii=False)


def piece(**changes: Any) -> dict[str, Any]:
    """The first of two pieces of nothing in particular."""
    info = {"chunk_id": "c", "chunk_index": 0, "total_chunks": 2, "data_hash": "0" * 64}
    return {"type": "system_status", "chunk_info": info | changes, "data": "x"}


def on_disk(hub: RunningHub) -> int:
    """Incomplete messages on the hub's disk: files of this process that have no name."""
    folder = str(hub.parts.settings.hub_data_dir / "pieces")
    files = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return sum(str(each.readlink()).startswith(folder) for each in files)


async def test_a_large_job_goes_in_pieces_to_the_hub_and_to_its_worker(hub: RunningHub) -> None:
    parts = list(split(FRAME))
    assert len(parts) == 4
    async with client_of(hub.url) as client:
        for part in reversed(parts):
            await client.send(part)
        job_id = (await client.expect(JobAccepted)).job_id
    assert on_disk(hub) == 0
    payload = (await hub.job(job_id))["payload"]
    assert payload["text"]["$artifact"]["mime_type"] == "application/json"
    answer = await hub.rest.get(payload["text"]["$artifact"]["url"])
    assert answer.json() == LARGE
    worker = await hub.worker()
    await worker.claim()
    assert json.loads(await in_pieces(worker))["params"] == {"text": LARGE}


async def test_a_large_result_goes_in_pieces_to_the_hub_and_to_who_asks(hub: RunningHub) -> None:
    job_id = await hub.submit()
    worker = await hub.worker()
    job = await worker.take()
    await worker.complete_in_pieces(job, LARGE)
    assert (await worker.expect(JobCompletedAck)).status == "completed"
    result = (await hub.job(job_id))["result"]
    assert (await hub.rest.get(result["$artifact"]["url"])).json() == LARGE
    async with client_of(hub.url) as client:
        await client.send({"type": "subscribe_job", "job_id": job_id})
        await client.until(SubscriptionConfirmed)
        assert json.loads(await in_pieces(client))["result"] == LARGE
        await hub.parts.artifacts.remove(result["$artifact"]["sha256"])
        await client.send({"type": "request_job_status", "job_id": job_id})
        assert (await client.expect(ResponseJobStatus)).result == result


async def test_who_speaks_in_pieces_is_spoken_to_in_pieces(hub: RunningHub) -> None:
    answer = await hub.rest.post("/jobs", json={"type": "simulation", "payload": {"text": LARGE}})
    assert answer.status_code == 201
    worker = await hub.worker()
    for part in split(encode(Ping())):
        await worker.send(part)
    await worker.expect(Pong)
    await worker.claim()
    assert json.loads(await in_pieces(worker))["params"] == {"text": LARGE}


async def test_a_large_message_that_is_no_json_is_refused(hub: RunningHub) -> None:
    async with client_of(hub.url) as client:
        for part in split(FRAME[:-1]):
            await client.send(part)
        assert "not JSON" in (await client.expect(Error)).error
        for part in split(json.dumps({"type": "ping", "why": "x" * 5 * PIECE})):
            await client.send(part)
        assert "larger than 4194304 bytes" in (await client.expect(Error)).error
        await still_submits(client)
    assert on_disk(hub) == 0


async def in_pieces(peer: WireWorker | WireClient) -> str:
    """The frame that the next pieces give."""
    first = await peer.expect(SystemStatus)
    info = first.chunk_info or {}
    heard = [first, *[await peer.expect(SystemStatus) for _ in range(info["total_chunks"] - 1)]]
    assert [each.chunk_info["chunk_index"] for each in heard if each.chunk_info] == [
        *range(len(heard))
    ]
    frame = "".join(each.data for each in heard)
    assert hashlib.sha256(frame.encode()).hexdigest() == info["data_hash"]
    return frame


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"chunk_id": ""}, "chunk_info.chunk_id"),
        ({"chunk_id": 5}, "chunk_info.chunk_id"),
        ({"data_hash": "x"}, "chunk_info.data_hash"),
        ({"total_chunks": 0}, "chunk_info.total_chunks: expected 1 to 1000"),
        ({"total_chunks": True}, "chunk_info.total_chunks"),
        ({"chunk_index": 2}, "chunk_info.chunk_index: expected 0 to 1, got 2"),
        ({"chunk_index": -1}, "chunk_info.chunk_index"),
        ({"chunk_index": 0}, "piece 0 of c has come already"),
        ({"total_chunks": 3}, "c began with total_chunks 2, not 3"),
        ({"chunk_index": 1, "data_hash": "1" * 64}, "another data_hash"),
        ({"chunk_index": 1}, f"data_hash of c is {'0' * 64}, but its 2 pieces give"),
    ],
    ids=str,
)
async def test_a_piece_that_does_not_fit_is_named(
    hub: RunningHub, changes: dict[str, Any], problem: str
) -> None:
    async with client_of(hub.url) as client:
        await client.send(piece())
        await client.send(piece(**changes))
        assert problem in (await client.expect(Error)).error
        await client.send(piece() | {"data": 5})
        assert "data: expected a text" in (await client.expect(Error)).error
        await still_submits(client)
    await wait_until(lambda: on_disk(hub) == 0)


async def still_submits(client: WireClient) -> None:
    await client.send({"type": "submit_job", "job_type": "simulation", "payload": {}})
    await client.expect(JobAccepted)


async def test_a_message_that_is_too_large_and_one_too_many_are_refused(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    most = int(hub.parts.settings.max_ws_message_size_mb)
    async with client_of(hub.url) as client:
        await client.send(piece(total_chunks=1000))
        await client.send(piece(chunk_id="d"))
        assert "1 messages are incomplete already" in (await client.expect(Error)).error
        for index in range(1, most + 1):
            await client.send(piece(total_chunks=1000, chunk_index=index) | {"data": "x" * PIECE})
        assert "hand large contents in by PUT /artifacts" in (await client.expect(Error)).error
        assert on_disk(hub) == 0


async def test_a_message_that_is_not_completed_is_dropped_and_its_missing_pieces_named(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALE_S", 0.3)
    async with client_of(hub.url) as client:
        await client.send(piece())
        problem = (await client.expect(Error)).error
        assert problem == "chunk_info: c is dropped: piece 1 of 2 did not come within 0.3 s"
        assert on_disk(hub) == 0
        await still_submits(client)


async def test_who_says_that_all_was_sent_is_told_what_is_missing(hub: RunningHub) -> None:
    async with client_of(hub.url) as client:
        await client.send(piece())
        await client.send(ChunkedMessageComplete(chunk_id="c"))
        problem = (await client.expect(Error)).error
        assert problem == "chunk_info: c is dropped: piece 1 of 2 did not come"
        for part in split(encode(Ping())):
            await client.send(part)
        await client.expect(Pong)
        await client.send(ChunkedMessageComplete(chunk_id="whatever"))
        assert (await client.expect(Ack)).original_type == "chunked_message_complete"


async def test_the_other_form_of_a_piece_is_understood_and_answered_in_kind(
    hub: RunningHub,
) -> None:
    parts = list(split(FRAME, chunked))
    assert len(parts) == 4
    async with client_of(hub.url) as client:
        for part in reversed(parts):
            await client.send(part)
        told = await client.expect(ChunkedMessageComplete)
        assert told.total_size == len(FRAME.encode())
        job_id = (await client.expect(JobAccepted)).job_id
        worker = await hub.worker()
        for part in split(encode(Ping()), chunked):
            await worker.send(part)
        await worker.expect(ChunkedMessageComplete)
        await worker.expect(Pong)
        await worker.claim()
        assert json.loads(await in_chunks(worker))["params"] == {"text": LARGE}
        await worker.send(CompleteJob(job_id=job_id, worker_id="w1", result={"n": 1}))
        await worker.expect(JobCompletedAck)


async def in_chunks(peer: WireWorker) -> str:
    """The frame that the next chunks give."""
    heard = [await peer.expect(ChunkedMessage)]
    while len(heard) < heard[0].total_chunks:
        heard.append(await peer.expect(ChunkedMessage))
    assert [each.chunk_index for each in heard] == [*range(len(heard))]
    frame = b"".join(base64.b64decode(each.data) for each in heard)
    assert hashlib.sha256(frame).hexdigest() == heard[0].data_hash
    return frame.decode()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"data": "é"}, "data: expected base64"),
        ({"chunk_index": 2}, "chunk_index: expected 0 to 1, got 2"),
        ({"chunk_index": 0}, "piece 0 of c has come already"),
        ({"chunk_index": 1}, f"data_hash of c is {'0' * 64}, but its 2 pieces give"),
        ({"data": 5}, "data"),
    ],
    ids=str,
)
async def test_a_chunk_that_does_not_fit_is_named(
    hub: RunningHub, changes: dict[str, Any], problem: str
) -> None:
    said = {"chunk_id": "c", "chunk_index": 0, "total_chunks": 2, "data_hash": "0" * 64}
    first = {"type": "chunked_message", "data": "eA==", **said}
    async with client_of(hub.url) as client:
        await client.send(first)
        await client.send(first | changes)
        assert problem in (await client.expect(Error)).error
        await still_submits(client)
