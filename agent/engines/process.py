"""One run of an engine: a real process, all of whose descendants end with it.

They end with the agent, too, or a while after it was killed, if no other has taken the engine over.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

import psutil
from attrs import define, field

from agent.engines import pipes
from agent.engines.left import Being, Left
from agent.engines.lives import Child, Life, Orphan
from agent.engines.log_ring import LogRing
from agent.engines.recipes import Recipe

_CHUNK_BYTES = 64 * 1024
_LAST_WORDS_S = 2


class GoneError(Exception):
    """An engine that was left cannot be taken over: it has ended, or is ended now."""


@define(eq=False)
class EngineProcess:
    """An engine that runs, and its log."""

    recipe: Recipe
    log: LogRing
    _life: Life
    _watcher: int
    _output: asyncio.StreamReader
    _lifeline: int
    _reading: asyncio.Task[None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """The engine's own pid, which is its process group's too."""
        return self._life.pid

    @property
    def end(self) -> str | None:
        """How it ended, in words; None while it runs."""
        return self._life.end

    async def ended(self) -> None:
        """Wait for the end of the engine's own process."""
        await self._life.ended()

    def left(self) -> Left:
        """By what another agent finds it. Raises `OSError` when it has just ended."""
        return Left.by(self.recipe, Being.of(self.pid), Being.of(self._watcher))

    def outlive(self, seconds: float) -> None:
        """Let it live on for so long when the agent is killed. Raises `OSError` as it ends."""
        pipes.tell(self._lifeline, seconds)

    async def stop(self, signals: Sequence[signal.Signals], patience_s: float) -> None:
        """Ask by one signal after the other, each with its patience; at last end the whole group."""
        for each in signals:
            if self.end is not None:
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
    pipes.widen(stdout)
    try:
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", pipes.GUARDED, recipe.name, *recipe.argv),
            cwd=recipe.cwd,
            env=recipe.environ,
            stdin=stdin,
            stdout=stdout,
            stderr=reading,
            start_new_session=True,
        )
    except BaseException:
        for end in (lifeline, reading):
            os.close(end)
        raise
    finally:
        for end in (stdin, stdout):
            os.close(end)
    output = await pipes.reader(reading)
    try:
        watcher = int(await output.readline())
    except BaseException:
        os.close(lifeline)  # and the watcher, if there is one, ends what was started
        raise
    return EngineProcess(recipe, log, Child(process), watcher, output, lifeline)


async def take_over(left: Left, recipe: Recipe, log: LogRing) -> EngineProcess:
    """Have an engine that an earlier agent has left, and that `recipe` describes.

    Raises `GoneError` when it has ended; then nothing of it is left any more.
    """
    try:
        life = _orphan(left)
        lifeline, output = pipes.reopened(left.watcher.pid)
        stream = await pipes.reader(output)
    except BaseException as problem:
        _end_group(left)
        if isinstance(problem, OSError):
            raise GoneError(str(problem)) from problem
        raise
    return EngineProcess(recipe, log, life, left.watcher.pid, stream, lifeline)


def _orphan(left: Left) -> Orphan:
    if not left.is_watched():
        raise ProcessLookupError("nobody watches it any more")
    return Orphan.of(left.engine)


def _end_group(left: Left) -> None:
    """End what there still is of an engine that was left."""
    if left.engine.lives() or left.is_watched():
        with suppress(ProcessLookupError):  # just now
            os.killpg(left.engine.pid, signal.SIGKILL)


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
