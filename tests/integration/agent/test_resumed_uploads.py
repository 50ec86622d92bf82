"""An agent's uploads to a real hub over connections that break."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from attrs import define, field

from agent.connectors.base import ConnectorError, OutputFile
from agent.link.upload import TRIES, Uploads
from tests.support.hubs import RunningHub, running_hub

CONTENT = bytes(range(256)) * 8192
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HASTE_S = 0.02
PATIENCE_S = 0.5  # a busy hub takes a moment to notice that a line was cut


@define
class Cutter:
    """Lets `most` bytes of a connection pass towards the hub, of so many connections as `cuts`."""

    port: int
    most: int
    cuts: int
    url: str = field(default="", init=False)
    passed: list[int] = field(factory=list, init=False)

    async def serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        far, to_far = await asyncio.open_connection("127.0.0.1", self.port)
        back = asyncio.create_task(copied(far, to_near))
        self.passed.append(0)
        mine = len(self.passed) - 1
        while some := await near.read(1 << 16):
            self.passed[mine] += len(some)
            to_far.write(some)
            await to_far.drain()
            if self.cuts and self.passed[mine] >= self.most:
                self.cuts -= 1
                to_near.transport.abort()
                break
        to_far.close()
        await back
        to_near.close()


async def copied(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    while some := await source.read(1 << 16):
        to.write(some)


@asynccontextmanager
async def cutting(hub: RunningHub, most: int, cuts: int) -> AsyncGenerator[Cutter]:
    cutter = Cutter(httpx.URL(hub.url).port or 0, most, cuts)
    server = await asyncio.start_server(cutter.serve, "127.0.0.1", 0)
    async with server:
        cutter.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield cutter


@pytest.fixture
async def hub(redis_url: str, tmp_path: Path) -> AsyncGenerator[RunningHub]:
    async with running_hub(redis_url, tmp_path / "hub") as hub:
        yield hub


@pytest.fixture
def file(tmp_path: Path) -> OutputFile:
    path = tmp_path / "v.mp4"
    path.write_bytes(CONTENT)
    return OutputFile(filename="v.mp4", mime_type="video/mp4", content=path)


async def test_more_breaks_than_tries_are_survived_while_bytes_get_through(
    hub: RunningHub, file: OutputFile
) -> None:
    async with cutting(hub, 200_000, TRIES + 2) as cutter:
        uploads = Uploads(httpx.AsyncClient(base_url=cutter.url), PATIENCE_S)
        told = await uploads.upload(file)
        await uploads.close()
    assert (told["sha256"], cutter.cuts) == (SHA256, 0)
    assert (await hub.rest.get(told["url"])).content == CONTENT
    # What had come was not sent again, but for what was under way when the line was cut.
    assert sum(cutter.passed) < 2 * len(CONTENT)


async def test_breaks_that_let_nothing_through_are_a_failure(
    hub: RunningHub, file: OutputFile
) -> None:
    async with cutting(hub, 1, 100) as cutter:
        uploads = Uploads(httpx.AsyncClient(base_url=cutter.url), HASTE_S)
        with pytest.raises(ConnectorError, match=r"could not upload v\.mp4"):
            await uploads.upload(file)
        await uploads.close()
    assert len(cutter.passed) == TRIES


async def test_a_whole_file_that_was_not_settled_begins_anew(
    hub: RunningHub, file: OutputFile
) -> None:
    unfinished = hub.parts.artifacts.incoming.root
    unfinished.mkdir(parents=True)
    (unfinished / SHA256).write_bytes(b"x" * len(CONTENT))
    uploads = Uploads(httpx.AsyncClient(base_url=hub.url), HASTE_S)
    told = await uploads.upload(file)
    await uploads.close()
    assert (await hub.rest.get(told["url"])).content == CONTENT
