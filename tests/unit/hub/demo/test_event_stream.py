"""Reading server-sent events."""

from collections.abc import AsyncGenerator

import pytest

from hub.demo.event_stream import ServerEvent, read_events

TEXT = 'id: 7\nevent: progress\ndata: {"a": "\u2028é"}\n\n: ping\n\n:\ndata:x\ndata: y\n\n'
EVENTS = [
    ServerEvent(id="7", event="progress", data='{"a": "\u2028é"}'),
    ServerEvent(data="x\ny"),
]


async def _read(text: str, size: int) -> list[ServerEvent]:
    raw = text.encode()

    async def chunks() -> AsyncGenerator[bytes]:
        for start in range(0, len(raw), size):
            yield raw[start : start + size]

    return [event async for event in read_events(chunks())]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_events_are_the_same_however_their_bytes_arrive(size: int) -> None:
    assert await _read(TEXT, size) == EVENTS


async def test_lines_may_end_as_on_windows() -> None:
    assert await _read(TEXT.replace("\n", "\r\n"), 3) == EVENTS


async def test_an_event_that_was_cut_off_is_dropped() -> None:
    assert await _read("data: whole\n\nid: 8\ndata: half\n", 5) == [ServerEvent(data="whole")]


async def test_unknown_fields_are_ignored() -> None:
    assert await _read("retry: 5\ndata: x\n\n", 100) == [ServerEvent(data="x")]
