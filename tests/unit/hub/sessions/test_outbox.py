"""What is still to be said, in order and bounded."""

import asyncio
from contextlib import suppress

import pytest

from hub.sessions import outbox as module
from hub.sessions.outbox import Outbox
from shared.messages import (
    CompleteJob,
    Error,
    JobAssigned,
    JobAvailable,
    Message,
    Pong,
    ResponseJobStatus,
    ResponseStats,
    StatsBroadcast,
    SystemStatus,
    UpdateJobProgress,
    WorkerHeartbeatAck,
)
from tests.support.waiting import wait_until


def told(number: int) -> Error:
    return Error(error=str(number))


async def test_everything_is_sent_in_order() -> None:
    outbox, heard = Outbox(), list[Message]()

    async def send(message: Message) -> None:
        heard.append(message)

    running = asyncio.create_task(outbox.run(send))
    for number in range(3):
        outbox.put(told(number))
    await wait_until(lambda: len(heard) == 3)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    outbox.put(told(3))
    await outbox.flush(send)
    assert heard == [told(number) for number in range(4)]


async def test_an_overflow_is_told_and_the_rest_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 2)
    outbox, heard = Outbox(), list[Message]()

    async def send(message: Message) -> None:
        heard.append(message)

    outbox.put(told(0))
    outbox.put(told(1))
    assert not outbox.has_overflowed.is_set()
    outbox.put(told(2))
    assert outbox.has_overflowed.is_set()
    await outbox.flush(send)
    assert heard == [told(0), told(1)]


LARGE = {"text": "x" * 100}


@pytest.mark.parametrize(
    "message",
    [
        JobAssigned(
            job_id="j", worker_id="w", job_type="t", priority=1, params=LARGE, attempt=1, lease="l"
        ),
        CompleteJob(job_id="j", result=LARGE),
        ResponseJobStatus(job_id="j", status="completed", result=LARGE),
        ResponseStats(stats=LARGE),
    ],
    ids=lambda message: message.type,
)
async def test_what_is_large_may_wait_alone_but_not_in_numbers(
    message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 50)
    outbox = Outbox()
    for _ in range(2):  # what has been sent weighs nothing any more
        outbox.put(message)
        assert await left(outbox) == [message]
    outbox.put(told(0))
    outbox.put(message)
    assert not outbox.has_overflowed.is_set()
    outbox.put(message)
    assert outbox.has_overflowed.is_set()


async def left(outbox: Outbox) -> list[Message]:
    heard = list[Message]()

    async def send(message: Message) -> None:
        heard.append(message)

    await outbox.flush(send)
    return heard


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


async def test_signs_of_life_are_taken_out_of_what_waits() -> None:
    outbox, ack = Outbox(), WorkerHeartbeatAck(worker_id="w")
    for message in (told(0), ack, UpdateJobProgress(job_id="a", worker_id="w", progress=1), Pong()):
        outbox.put(message)
    assert outbox.urgent() == [ack, Pong()]
    assert outbox.urgent() == []
    assert [each.type for each in await left(outbox)] == ["error", "update_job_progress"]
