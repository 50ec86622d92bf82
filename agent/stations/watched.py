"""A connector to an engine of ours: a job does not wait for an engine that is dead or stuck."""

import asyncio
import logging
from collections.abc import Callable

from attrs import define, field, frozen

from agent.connectors.base import Connector, ConnectorError, Offer, Progress, Report, Result, Work
from agent.engines import EngineState, Supervisor
from shared.states import ErrorClass

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_GRACE_S = 20.0  # for a job to let go; then the engine is started anew
_SHOWN_LINES = 20


@frozen(kw_only=True)
class Patience:
    """How long each stage of a job may be silent, in seconds."""

    load_s: float  # until the first progress
    silence_s: float  # between two, without use of the GPU
    look_s: float = _LOOK_S
    grace_s: float = _GRACE_S


@define
class _Vigil:
    """What is known of one job's liveliness."""

    moved_at: float
    has_begun: bool = False

    def note(self, progress: Progress) -> None:
        self.moved_at = _now()
        self.has_begun = self.has_begun or progress.percent > 0

    def silent_s(self) -> float:
        return _now() - self.moved_at


@define(eq=False)
class Watched:
    """A `Connector` that ends a job as soon as its engine has ended or does nothing any more."""

    _inner: Connector
    _engine: Supervisor
    _patience: Patience
    _is_busy: Callable[[], bool]  # whether the GPU works
    name: str = field(init=False)
    slots: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.name, self.slots = self._inner.name, self._inner.slots

    async def open(self) -> None:
        """Open the connector."""
        await self._inner.open()

    async def close(self) -> None:
        """Close the connector."""
        await self._inner.close()

    async def offer(self) -> Offer:
        """Ask the engine what it can do."""
        return await self._inner.offer()

    async def run(self, work: Work, report: Report) -> Result:
        """Run one attempt under watch. Raises `ConnectorError` of class ENGINE_CRASH or HANG."""
        vigil = _Vigil(_now())

        def noting(progress: Progress) -> None:
            vigil.note(progress)
            report(progress)

        running = asyncio.create_task(self._inner.run(work, noting))
        watching = asyncio.create_task(self._trouble(vigil))
        try:
            await asyncio.wait((running, watching), return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise watching.result()
        finally:
            watching.cancel()
            await self._ended(running)
        return running.result()

    async def _trouble(self, vigil: _Vigil) -> ConnectorError:
        """Wait for what is wrong with the engine."""
        start = self._engine.starts
        while True:
            await asyncio.sleep(self._patience.look_s)
            if self._engine.state is not EngineState.READY or self._engine.starts != start:
                return self._error("has ended", ErrorClass.ENGINE_CRASH)
            if await asyncio.to_thread(self._is_busy):
                vigil.moved_at = _now()  # silence is no hang while the GPU computes
            limit_s = self._patience.silence_s if vigil.has_begun else self._patience.load_s
            if vigil.silent_s() > limit_s:
                stage = "in the middle of a job" if vigil.has_begun else "loading models"
                problem = self._error(
                    f"made no progress for {limit_s:g} s {stage}", ErrorClass.HANG
                )
                self._engine.restart("it hangs")
                return problem

    def _error(self, what: str, error_class: ErrorClass) -> ConnectorError:
        return ConnectorError(
            f"{self.name} {what}",
            error_class=error_class,
            details={
                "engine": self._engine.problem or "",
                "log": self._engine.last_lines(_SHOWN_LINES),
            },
        )

    async def _ended(self, running: "asyncio.Task[Result]") -> None:
        """Let the job end; an engine that keeps it is started anew."""
        if running.done():
            return
        running.cancel()
        await asyncio.wait((running,), timeout=self._patience.grace_s)
        if not running.done():
            self._engine.restart("it does not let go of a job")
            await asyncio.wait((running,))


def _now() -> float:
    return asyncio.get_running_loop().time()
