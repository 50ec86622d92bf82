"""One run of an engine: a real process, all of whose descendants end with it and with the agent."""

import asyncio
import os
import signal
from asyncio.subprocess import STDOUT, Process
from collections.abc import Sequence
from contextlib import suppress

import psutil
from attrs import define, field

from agent.engines.log_ring import LogRing
from agent.engines.recipes import Recipe

_CHUNK_BYTES = 64 * 1024
_LAST_WORDS_S = 2

# The shell becomes the engine. Beside it waits a watcher that reads from a pipe of the agent: it
# ends however the agent ends, also by SIGKILL, and then the watcher ends the whole group.
_GUARDED = """
exec 3<&0 </dev/null
(trap '' TERM INT HUP QUIT; read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 &
exec 3<&-
exec "$@"
"""


@define(eq=False)
class EngineProcess:
    """A started engine and its log."""

    recipe: Recipe
    log: LogRing
    _process: Process
    _output: asyncio.StreamReader
    _lifeline: int  # our end of the watcher's pipe
    _reading: asyncio.Task[None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """The engine's own pid, which is its process group's too."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.returncode

    async def ended(self) -> int:
        """Wait for the end of the engine's own process; its exit code, negative for a signal."""
        return await self._process.wait()

    async def stop(self, signals: Sequence[signal.Signals], patience_s: float) -> None:
        """Ask by one signal after the other, each with its patience; at last end the whole group."""
        for each in signals:
            if self.exit_code is not None:
                break
            self._send(each)
            with suppress(TimeoutError):  # the next signal is the answer to that
                await asyncio.wait_for(self.ended(), patience_s)
        await self.sweep()

    async def sweep(self) -> None:
        """End everything that is left of the group."""
        self._send(signal.SIGKILL)
        await self.ended()
        await asyncio.wait((self._reading,), timeout=_LAST_WORDS_S)
        self._reading.cancel()  # a descendant in a session of its own may hold the log
        os.close(self._lifeline)

    def rss_gb(self) -> float:
        """Memory that the engine and its descendants hold."""
        return sum(_rss(each) for each in self._family()) / 10**9

    def is_listening(self, port: int) -> bool:
        """Whether it is this engine, and no other program, that listens on a port."""
        return any(_listens(each, port) for each in self._family())

    def _family(self) -> list[psutil.Process]:
        try:
            engine = psutil.Process(self.pid)
            return [engine, *engine.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _send(self, which: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # nothing is left of it
            os.killpg(self.pid, which)

    async def _read(self) -> None:
        while chunk := await self._output.read(_CHUNK_BYTES):
            self.log.write(chunk.decode(errors="replace"))
        self.log.end()


async def start(recipe: Recipe, log: LogRing) -> EngineProcess:
    """Start an engine. Raises `OSError` when its program or folder cannot be used."""
    recipe.state_dir.mkdir(parents=True, exist_ok=True)
    # Pipes of our own: asyncio takes a process for ended only when its pipes are closed, and
    # descendants that live on keep them open.
    stdin, lifeline = os.pipe()
    reading, stdout = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", _GUARDED, recipe.name, *recipe.argv),
            cwd=recipe.cwd,
            env=recipe.environ,
            stdin=stdin,
            stdout=stdout,
            stderr=STDOUT,
            start_new_session=True,
        )
    except BaseException:
        for end in (lifeline, reading):
            os.close(end)
        raise
    finally:
        for end in (stdin, stdout):
            os.close(end)
    return EngineProcess(recipe, log, process, await _reader(reading), lifeline)


async def _reader(end: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb", 0)
    )
    return reader


def _rss(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:  # it has just ended
        return 0


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        sockets = process.net_connections("tcp")
    except psutil.Error:  # it has just ended
        return False
    return any(
        each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
        for each in sockets
    )
