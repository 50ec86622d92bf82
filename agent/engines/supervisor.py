"""Keeps one engine up: starts it, watches it, starts it again, and knows when to give up."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from attrs import define, field, frozen

from agent.engines import process
from agent.engines.left import Keepsake
from agent.engines.log_ring import LogRing
from agent.engines.ports import NoPortError, Ports
from agent.engines.process import EngineProcess, GoneError
from agent.engines.readiness import FatalLineError, ready
from agent.engines.recipes import Recipe
from shared.backoff import backoff_s

log = logging.getLogger(__name__)

SHOWN_LINES = 12
"""Lines of an engine's log that go with the news of its end."""


class EngineState(StrEnum):
    """What an engine is doing."""

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"  # to be started again
    FAILED = "failed"  # given up until somebody asks for a restart
    STOPPED = "stopped"


@frozen(kw_only=True)
class Limits:
    """How patient to be with an engine. Durations in seconds."""

    start_s: float = 600  # from the start until it serves
    stop_s: float = 10  # after each signal that asks it to stop
    first_retry_s: float = 1
    retry_cap_s: float = 60
    crashes: int = 5  # so many within `window_s` are a crash loop
    window_s: float = 600
    outlives_s: float = 0  # it lives on when the agent is killed, for the next one


@define(eq=False)
class Supervisor:
    """One engine on one GPU. `changed` is called after every change of state, `wrote` for each line."""

    name: str
    _make: Callable[[int], Recipe]  # for a port
    _wanted_port: int
    _ports: Ports
    _limits: Limits = field(factory=Limits)
    changed: Callable[[], None] = field(default=lambda: None, init=False)
    wrote: Callable[[str], None] = field(default=lambda _: None, init=False)
    log: LogRing = field(factory=LogRing, init=False)  # of this run
    _log_before: LogRing = field(factory=LogRing, init=False)
    state: EngineState = field(default=EngineState.STOPPED, init=False)
    problem: str | None = field(default=None, init=False)  # why it is not ready
    url: str = field(default="", init=False)  # where it serves while it is ready
    engine: EngineProcess | None = field(default=None, init=False)
    starts: int = field(default=0, init=False)
    _crashes: list[float] = field(factory=list, init=False)
    _asked: asyncio.Event = field(factory=asyncio.Event, init=False)
    _why: str = field(default="", init=False)
    _keepsake: Keepsake = field(factory=Keepsake, init=False)

    async def run(self) -> None:
        """Keep the engine up until cancelled; nothing of it is left afterwards."""
        recipe = self._make(self._wanted_port)
        if recipe.tells_later:
            self._keepsake = Keepsake.at(recipe.state_dir)
        try:
            while True:
                problem = await self._one_run()
                if problem is None:
                    continue
                self._crashes = [*self._recent_crashes(), time.monotonic()]
                if len(self._crashes) >= self._limits.crashes:
                    await self._give_up(problem)
                else:
                    await self._wait(problem)
        finally:
            self._keepsake.close()
            self._set(EngineState.STOPPED, None)

    def restart(self, why: str) -> None:
        """Ask for a new start, also of an engine that was given up."""
        self._why = why
        self._asked.set()
        if self.state is EngineState.READY:  # not any more, for whoever looks before it ends
            self._set(EngineState.STARTING, None)

    def last_lines(self, count: int) -> list[str]:
        """The newest lines of its log, oldest first; also of the run before, which may just have died."""
        lines = self.log.last(count)
        return [*self._log_before.last(count), *lines][-count:]

    async def _one_run(self) -> str | None:
        """One start to its end; what was wrong, or None if the restart was asked for."""
        self._asked.clear()
        self._set(EngineState.STARTING, None)
        self._log_before, self.log = self.log, LogRing(self.wrote)
        self._log_before.close()
        try:
            return await self._run_on(await self._kept() or await self._started())
        except NoPortError as problem:
            return str(problem)
        except OSError as problem:
            return f"cannot be started: {problem}"

    async def _kept(self) -> EngineProcess | None:
        """The engine that an earlier agent has left, if it is what we would start."""
        left = self._keepsake.find()
        if left is None:
            return None
        recipe = self._make(left.port)
        try:
            engine = await process.take_over(left, recipe, self.log)
        except GoneError as problem:
            log.info("%s of an earlier agent has not lived on: %s", self.name, problem)
            self._keepsake.forget()
            return None
        if not left.is_by(recipe):
            log.info("%s of an earlier agent is ended: it would be started otherwise", self.name)
            await self._stop(engine)
            return None
        log.info("%s on port %d is taken over from an earlier agent", self.name, left.port)
        self._ports.hold(left.port)
        return engine

    async def _started(self) -> EngineProcess:
        port = self._ports.take(self._wanted_port)
        log.info("%s starts on port %d", self.name, port)
        try:
            return await process.start(self._make(port), self.log)
        except BaseException:
            self._ports.give_back(port)
            raise

    async def _run_on(self, engine: EngineProcess) -> str | None:
        self.starts += 1
        self.engine = engine
        try:
            self._keep(engine)
            problem = await self._watched(engine)
        finally:
            await self._stop(engine)
            self.engine = None
            self._ports.give_back(engine.recipe.port)
        if problem is None:
            log.info("%s is restarted: %s", self.name, self._why)
        return problem

    def _keep(self, engine: EngineProcess) -> None:
        """Let it outlive us, as soon as the next agent would find it."""
        seconds = self._limits.outlives_s
        with suppress(OSError):  # it has just ended, which is seen
            if not seconds or self._keepsake.put(engine.left()):
                engine.outlive(seconds)

    async def _stop(self, engine: EngineProcess) -> None:
        await engine.stop(engine.recipe.stop_signals, self._limits.stop_s)
        self._keepsake.forget()

    async def _watched(self, engine: EngineProcess) -> str | None:
        """Watch one run until it has to end: why, or None if that was asked for."""
        ended = asyncio.create_task(engine.ended())
        asked = asyncio.create_task(self._asked.wait())
        starting = asyncio.create_task(ready(engine))
        try:
            await asyncio.wait(
                (ended, asked, starting),
                timeout=self._limits.start_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if starting.done() and not (ended.done() or asked.done()):
                starting.result()
                self.url = engine.recipe.url
                self._set(EngineState.READY, None)
                await asyncio.wait((ended, asked), return_when=asyncio.FIRST_COMPLETED)
        except FatalLineError as problem:
            return str(problem)
        finally:
            for task in (ended, asked, starting):
                task.cancel()
            await asyncio.gather(ended, asked, starting, return_exceptions=True)
        if self._asked.is_set():
            return None
        if engine.end is not None:
            return engine.end
        return f"did not serve within {self._limits.start_s:g} s of its start"

    async def _wait(self, problem: str) -> None:
        delay_s = backoff_s(
            len(self._crashes), first_s=self._limits.first_retry_s, cap_s=self._limits.retry_cap_s
        )
        log.warning("%s %s; it is started again in %.1f s", self.name, problem, delay_s)
        self._set(EngineState.WAITING, self._told(problem))
        with suppress(TimeoutError):  # then it is time
            await asyncio.wait_for(self._asked.wait(), delay_s)

    async def _give_up(self, problem: str) -> None:
        told = self._told(f"was started {len(self._crashes)} times and is given up: it {problem}")
        log.error("%s %s", self.name, told)
        self._set(EngineState.FAILED, told)
        await self._asked.wait()
        self._crashes.clear()

    def _recent_crashes(self) -> list[float]:
        since = time.monotonic() - self._limits.window_s
        return [at for at in self._crashes if at > since]

    def _told(self, problem: str) -> str:
        lines = self.log.last(SHOWN_LINES)
        return "\n".join([problem, *(f"  | {line}" for line in lines)])

    def _set(self, state: EngineState, problem: str | None) -> None:
        self.state, self.problem = state, problem
        self.changed()
