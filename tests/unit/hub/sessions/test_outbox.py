"""What is still to be said, in order and bounded."""

import asyncio
from contextlib import suppress

import pytest

from hub.sessions import outbox as module
from hub.sessions.outbox import Outbox
from shared.messages import Error, Message
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
