"""A server of a test's own, which is killed and comes back with what it had on disk."""

import asyncio
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from redis.asyncio import Redis

from hub.store.server import EmbeddedServer
from tests.support.servers import binary
from tests.support.waiting import wait_until


class KillableServer:
    """One server process after another, over the same files."""

    def __init__(self, directory: Path, kind: str) -> None:
        self.kind = kind
        self._server = EmbeddedServer(directory, binary=binary(kind))
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> Self:
        self._runner = self._stack.enter_context(asyncio.Runner())
        self._runner.run(self._started())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stack:
            self._runner.run(self._server.__aexit__(None, None, None))

    def kill(self) -> None:
        """SIGKILL, and a new process that has loaded the files."""
        self._runner.run(self._kill())

    async def _kill(self) -> None:
        pid = self._server.pid
        os.kill(pid, signal.SIGKILL)
        await wait_until(lambda: not psutil.pid_exists(pid))
        await self._server.__aexit__(None, None, None)
        await self._started()

    async def _started(self) -> None:
        """What was answered is written, but not synced: that outlives the process, and is all that a
        kill can take."""
        await self._server.__aenter__()
        async with Redis.from_url(self.url) as client:
            await client.config_set("appendfsync", "no")
            await client.config_set("auto-aof-rewrite-min-size", "8mb")
