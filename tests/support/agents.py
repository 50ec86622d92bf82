"""The agent as a process, talking to a hub of the test."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory

Start = Callable[..., Awaitable[Process]]
"""Starts `emp-agent` with these words and, by keyword, environment variables."""


@asynccontextmanager
async def starting(**usual: str) -> AsyncGenerator[Start]:
    """Start agents, and end those that a test leaves behind. Their state is gone with them."""
    started: list[Process] = []

    async def start(*argv: str, **environ: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent", *argv),
            env=os.environ | {"WORKER_STATE_DIR": state_dir} | usual | environ,
            stdout=PIPE,
            stderr=PIPE,
        )
        started.append(process)
        return process

    with TemporaryDirectory(prefix="emp-") as state_dir:
        try:
            yield start
        finally:
            for process in started:
                if process.returncode is None:
                    process.kill()
                await process.communicate()


async def end(process: Process) -> tuple[int | None, str]:
    """The exit code, and all that was written."""
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return process.returncode, (out + err).decode()
