"""A peer that says too much is held back, and hurts nobody else."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import pytest
from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect

from shared.messages import Ping, Pong
from tests.support.hubs import running_hub
from tests.support.wire_client import WireClient, client_of

PER_S = 200
MANY = 60
PATIENCE_S = 20


@define
class Flood:
    """What a peer that does not stop was answered."""

    answers: int = 0
    held_back: asyncio.Event = field(factory=asyncio.Event)


async def pour(socket: ClientConnection, frame: str) -> None:
    while True:
        await socket.send(frame)
        await asyncio.sleep(0)  # or nothing is read meanwhile, and who does not read is cut off


async def drink(socket: ClientConnection, flood: Flood) -> None:
    async for frame in socket:
        said = json.loads(frame)
        if str(said.get("error")).startswith("rate: more than 200 frames a second"):
            flood.held_back.set()
        else:
            flood.answers += said["type"] in {"pong", "error", "unknown"}


@asynccontextmanager
async def flooding(url: str, kind: str, frame: str) -> AsyncGenerator[Flood]:
    """A peer that says this over and over, and has been held back already."""
    flood = Flood()
    address = f"{url.replace('http', 'ws')}/ws/{kind}/flood"
    async with connect(address, compression=None, ping_interval=None) as socket:
        tasks = [
            asyncio.create_task(pour(socket, frame)),
            asyncio.create_task(drink(socket, flood)),
        ]
        try:
            async with asyncio.timeout(PATIENCE_S):
                await flood.held_back.wait()
            yield flood
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            socket.transport.abort()


async def latency_s(client: WireClient) -> float:
    """The median time of an answer."""
    took: list[float] = []
    for _ in range(MANY):
        begun = time.perf_counter()
        await client.send(Ping())
        await client.expect(Pong)
        took.append(time.perf_counter() - begun)
    return median(took)


@pytest.mark.parametrize(
    ("kind", "frame"),
    [
        ("client", '{"type": "ping"}'),
        ("worker", '{"type": "ping"}'),
        ("worker", "{"),
        ("monitor", '{"type": "no_such_type"}'),
    ],
)
async def test_a_flood_is_read_at_its_rate_and_slows_nobody_down(
    redis_url: str, tmp_path: Path, kind: str, frame: str
) -> None:
    async with (
        running_hub(redis_url, tmp_path, hub_max_frames_per_s=PER_S) as hub,
        client_of(hub.url) as good,
    ):
        alone = await latency_s(good)
        begun = time.monotonic()
        async with flooding(hub.url, kind, frame) as flood:
            beside = await latency_s(good)
            most = 2 * PER_S + PER_S * (time.monotonic() - begun) + 1
            assert flood.answers <= most
            assert beside <= 10 * alone


async def test_a_large_frame_counts_for_more(redis_url: str, tmp_path: Path) -> None:
    async with (
        running_hub(redis_url, tmp_path, hub_max_frames_per_s=1) as hub,
        client_of(hub.url) as client,
    ):
        begun = time.monotonic()
        await client.send({"type": "ping", "why": "x" * 3 * 64 * 1024})
        await client.until(Pong)
        assert time.monotonic() - begun >= 1.5  # four frames, of which two may come at once


async def test_who_keeps_to_the_rate_is_told_nothing(redis_url: str, tmp_path: Path) -> None:
    async with (
        running_hub(redis_url, tmp_path, hub_max_frames_per_s=PER_S) as hub,
        client_of(hub.url) as client,
    ):
        for _ in range(2 * PER_S - 10):
            await client.send(Ping())
        for _ in range(2 * PER_S - 10):
            await client.expect(Pong)
