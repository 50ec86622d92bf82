"""Messages in pieces, both ways, and what is said of pieces that do not fit."""

import asyncio
import hashlib
import json
from typing import Any

import pytest

from hub.sessions import pieces as module
from hub.sessions.pieces import PIECE, Pieces, split
from shared.messages import Error, JobAccepted, SystemStatus
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
    """Incomplete messages on the hub's disk."""
    folder = hub.parts.settings.hub_data_dir / "pieces"
    return len(list(folder.iterdir())) if folder.exists() else 0


async def test_a_large_job_goes_in_pieces_to_the_hub_and_to_its_worker(hub: RunningHub) -> None:
    parts = list(split(FRAME))
    assert len(parts) == 4
    async with client_of(hub.url) as client:
        for part in reversed(parts):
            await client.send(part)
        job_id = (await client.expect(JobAccepted)).job_id
    assert (await hub.job(job_id))["payload"] == {"text": LARGE}
    assert on_disk(hub) == 0
    worker = await hub.worker()
    for part in split('{"type":"ping"}'):
        await worker.send(part)
    await worker.socket.recv()  # the pong: from now on the hub speaks in pieces, too
    await worker.claim()
    assert json.loads(await in_pieces(worker))["params"] == {"text": LARGE}


async def in_pieces(worker: WireWorker) -> str:
    """The frame that the next pieces give."""
    first = await worker.expect(SystemStatus)
    info = first.chunk_info or {}
    heard = [first, *[await worker.expect(SystemStatus) for _ in range(info["total_chunks"] - 1)]]
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
    monkeypatch.setattr(module, "LARGEST_WHOLE", 1)
    monkeypatch.setattr(module, "AT_ONCE", 1)
    async with client_of(hub.url) as client:
        await client.send(piece())
        await client.send(piece(chunk_id="d"))
        assert "1 messages are incomplete already" in (await client.expect(Error)).error
        await client.send(piece(chunk_index=1))
        assert "hand large contents in by PUT /artifacts" in (await client.expect(Error)).error
        assert on_disk(hub) == 0


async def test_a_message_that_is_not_completed_is_dropped_after_a_while(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALE_S", 0.3)
    async with client_of(hub.url) as client:
        await client.send(piece())
        await wait_until(lambda: on_disk(hub) == 1)
        await wait_until(lambda: on_disk(hub) == 0)
        await still_submits(client)


async def test_pieces_are_put_together_whatever_their_order(tmp_path: Any) -> None:
    pieces, frame = Pieces(tmp_path), encode(Error(error="ä\ud800" * PIECE))
    *most, last = [(each.chunk_info or {}, each.data) for each in split(frame)]
    assert [pieces.add(*each) for each in most] == [None] * len(most)
    assert pieces.add(*last) == frame
    await asyncio.sleep(0)
    assert list(tmp_path.iterdir()) == []
