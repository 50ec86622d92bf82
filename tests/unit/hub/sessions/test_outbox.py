"""What is still to be said, in order and bounded."""

import asyncio
from contextlib import suppress

import pytest

from hub.sessions import outbox as module
from hub.sessions.outbox import Outbox
from shared.messages import (
    Error,
    JobAvailable,
    Message,
    StatsBroadcast,
    SystemStatus,
    UpdateJobProgress,
)
from shared.wire import decode
from tests.support.waiting import wait_until


def told(number: int) -> Error:
    return Error(error=str(number))


async def sent(frames: list[str]) -> list[Message]:
    return [decode(frame) for frame in frames]


async def test_everything_is_sent_in_order() -> None:
    outbox, frames = Outbox(), list[str]()

    async def send(text: str) -> None:
        frames.append(text)

    running = asyncio.create_task(outbox.run(send))
    for number in range(3):
        outbox.put(told(number))
    await wait_until(lambda: len(frames) == 3)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    outbox.put(told(3))
    await outbox.flush(send)
    assert await sent(frames) == [told(number) for number in range(4)]


async def test_an_overflow_is_told_and_the_rest_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 2)
    outbox, frames = Outbox(), list[str]()

    async def send(text: str) -> None:
        frames.append(text)

    outbox.put(told(0))
    outbox.put(told(1))
    assert not outbox.has_overflowed.is_set()
    outbox.put(told(2))
    assert outbox.has_overflowed.is_set()
    await outbox.flush(send)
    assert await sent(frames) == [told(0), told(1)]


async def left(outbox: Outbox) -> list[Message]:
    frames = list[str]()

    async def send(text: str) -> None:
        frames.append(text)

    await outbox.flush(send)
    return await sent(frames)


async def test_of_a_state_only_the_newest_waits_in_the_place_of_the_first() -> None:
    outbox = Outbox()
    for percent in (1, 2):
        for job_id in ("a", "b"):
            outbox.put(UpdateJobProgress(job_id=job_id, worker_id="w", progress=percent))
        outbox.put(StatsBroadcast(message_id=str(percent)))
        outbox.put(SystemStatus(pending_jobs=percent))
        outbox.put(told(percent))
    first, second, stats, status, *rest = await left(outbox)
    assert [first, second] == [
        UpdateJobProgress(job_id=job_id, worker_id="w", progress=2) for job_id in ("a", "b")
    ]
    assert (stats, status) == (StatsBroadcast(message_id="2"), SystemStatus(pending_jobs=2))
    assert rest == [told(1), told(2)]
    assert await left(outbox) == []


async def test_pieces_and_changes_are_all_sent() -> None:
    outbox = Outbox()
    pieces = [SystemStatus(chunk_info={"chunk_index": at}) for at in range(2)]
    changes = [StatsBroadcast(incremental=True, message_id=str(at)) for at in range(2)]
    for message in (*pieces, *changes):
        outbox.put(message)
    assert await left(outbox) == [*pieces, *changes]


async def test_offers_are_not_made_to_who_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOW", 1)
    outbox, offer = Outbox(), JobAvailable(job_id="j", job_type="t")
    outbox.put(offer)
    outbox.put(offer)
    outbox.put(told(0))
    assert await left(outbox) == [offer, told(0)]
    assert not outbox.has_overflowed.is_set()
