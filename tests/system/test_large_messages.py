"""A hundred MB pass the hub in one message, both ways, and it never holds them in memory."""

import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.messages import (
    CompleteJob,
    JobAccepted,
    JobAssigned,
    JobCompletedAck,
    Message,
    SystemStatus,
)
from shared.pieces import split
from shared.wire import encode
from tests.support.memory import Watch
from tests.support.wire_client import WireClient, client_of
from tests.support.wire_worker import WireWorker, connected
from tests.system.conftest import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

MIB = 1024 * 1024
MOST_KB = 32 * 1024


def text(mib: int) -> str:
    return os.urandom(mib * MIB // 2).hex()


async def send(peer: WireClient | WireWorker, message: Message) -> None:
    for piece in split(encode(message)):
        await peer.send(piece)


async def put_together(
    next_piece: Callable[[], Awaitable[SystemStatus]],
) -> tuple[dict[str, Any], int]:
    """The frame that the next pieces give, and how many there were."""
    parts: list[str] = []
    info: dict[str, Any] = {"total_chunks": 1}
    while len(parts) < info["total_chunks"]:
        piece = await next_piece()
        info = piece.chunk_info or {}
        assert info["chunk_index"] == len(parts)
        parts.append(piece.data)
    frame = "".join(parts)
    assert hashlib.sha256(frame.encode()).hexdigest() == info["data_hash"]
    return json.loads(frame), len(parts)


async def passes(client: WireClient, worker: WireWorker, mib: int) -> None:
    """A job with so large a payload and result, from its client to the worker and back."""
    payload, result = {"text": text(mib)}, {"text": text(mib)}
    submission = {"type": "submit_job", "job_type": "simulation", "payload": payload}
    for piece in split(json.dumps(submission)):
        await client.send(piece)
    job_id = (await client.until(JobAccepted)).job_id
    await worker.claim()
    assigned, pieces = await put_together(lambda: worker.expect(SystemStatus))
    assert pieces == mib + 1
    assert assigned["type"] == JobAssigned.type
    assert (assigned["job_id"], assigned["params"]) == (job_id, payload)
    said = CompleteJob(job_id=job_id, worker_id="w1", result=result)
    await send(worker, said)
    assert (await worker.expect(JobCompletedAck)).status in {"completed", "adopted"}
    told, pieces = await put_together(lambda: client.until(SystemStatus))
    assert pieces == mib + 1
    assert told["type"] == CompleteJob.type
    assert (told["job_id"], told["result"]) == (job_id, result)


async def test_100_mb_pass_in_less_than_32_mb(site: Site) -> None:
    async with client_of(site.url) as client, connected(site.url) as worker:
        await worker.register()
        await passes(client, worker, 2)  # all code is loaded, every buffer has its size
        watch = Watch(site.hub)
        await passes(client, worker, 99)
        grown_kb = watch.grown_kb()
        print(f"the hub has grown by {grown_kb} kB")  # noqa: T201 - the figure
        assert grown_kb < MOST_KB
