"""The server that every side is measured on: the hub's own, empty, in two settings."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from attrs import frozen
from redis.asyncio import Redis

from hub.store.server import EmbeddedServer

Aof = Literal["always", "off"]


@frozen
class Server:
    """A running server."""

    url: str
    name: str


@asynccontextmanager
async def running(aof: Aof) -> AsyncGenerator[Server]:
    """As the hub starts it, or with nothing written to disk."""
    with TemporaryDirectory(prefix="emp-bench-") as folder:
        async with (
            EmbeddedServer(Path(folder)) as embedded,
            Redis.from_url(embedded.url) as client,
        ):
            if aof == "off":
                await client.config_set("appendonly", "no")
            version = (await client.info("server"))["valkey_version"]
            yield Server(embedded.url, f"valkey {version} aof={aof}")
