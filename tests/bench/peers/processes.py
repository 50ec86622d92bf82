"""The processes of a side, spoken to in lines; none outlives the block that started it."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from ctypes import CDLL

from attrs import frozen

from tests.bench.peers.sides import Command

_STOP_WITHIN_S = 5.0
_PR_SET_PDEATHSIG = 1

_libc = CDLL(None)


class SideEndedError(RuntimeError):
    """A process ended while a line of it was awaited; what it said is on standard error."""


@frozen
class Child:
    """A running process."""

    process: Process
    command: Command

    async def line(self) -> str:
        """Its next line. Raises SideEndedError."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            status = await self.process.wait()
            raise SideEndedError(f"{' '.join(self.command)} ended with {status}")
        return line.decode().strip()

    async def send(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()


@asynccontextmanager
async def started(*command: str, **environ: str) -> AsyncGenerator[Child]:
    """A process that runs until the block is left, or this process is killed.

    `environ` is added to the variables that it inherits: a flag would show in the list of processes.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | environ,
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,  # Ctrl-C is for the benchmark, which then ends its children
        preexec_fn=_end_with_parent,
    )
    try:
        yield Child(process, command)
    finally:
        await _end(process)


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):  # it may have ended already
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
