"""Watching the one call in flight: progress while it runs, and the end if nothing moves.

The answer to the call alone says how it ended. What the server tells on the way names no job, so
it is only a hint, and belongs to the call because there is no other of ours.
"""

import asyncio
from base64 import b64decode
from contextlib import suppress

from agent.connectors.a1111.engine import Engine, State
from agent.connectors.answers import Answer, NoAnswerError
from agent.connectors.base import ConnectorError, Preview, Progress, Report
from agent.connectors.media import sniffed
from shared.states import ErrorClass


class Watch:
    """Watches one call; `before` is what the server did just before it."""

    def __init__(self, engine: Engine, report: Report, before: State | None) -> None:
        self._engine = engine
        self._report = report
        # Somebody else's job may be before ours: until another one starts, it is not ours.
        self._foreign = before.started if before and before.busy else None
        self._percent = 0.0
        self._picture: str | None = None

    async def follow(
        self, call: asyncio.Task[Answer], *, interval_s: float, timeout_s: float
    ) -> Answer:
        """Return the answer. Raises `ConnectorError` (hang) when nothing moves for `timeout_s`."""
        loop = asyncio.get_running_loop()
        moved_at, marks = loop.time(), None
        while not call.done():
            await asyncio.wait({call}, timeout=interval_s)
            state = None if call.done() else await self._engine.state()
            if state is None:
                continue
            if state.marks != marks:
                moved_at, marks = loop.time(), state.marks
            elif loop.time() - moved_at > timeout_s:
                raise ConnectorError(
                    f"the server made no progress for {timeout_s:g} s, at step {state.step} of "
                    f"{state.steps}",
                    error_class=ErrorClass.HANG,
                    details={"step": state.step, "steps": state.steps, "job": state.job},
                )
            self._tell(state)
        return await call

    def _tell(self, state: State) -> None:
        if self._foreign is not None and state.started == self._foreign:
            self._report(Progress(percent=0, message="waits for somebody else's job"))
        elif state.busy and state.sampling:
            self._foreign = None
            self._percent = max(self._percent, min(100.0, 100 * state.fraction))
            self._report(self._progress(state))

    def _progress(self, state: State) -> Progress:
        part = f"{state.job}, " if state.job.startswith("Batch") else ""
        return Progress(
            percent=self._percent,
            message=f"{part}step {state.step} of {state.steps}",
            step=state.step,
            steps=state.steps,
            preview=self._preview(state),
        )

    def _preview(self, state: State) -> Preview | None:
        if state.picture is None or state.picture == self._picture:
            return None
        self._picture = state.picture
        content = b64decode(state.picture.rpartition(",")[2])
        return Preview(mime_type=sniffed(content), content=content)


async def stop(
    engine: Engine, call: asyncio.Task[Answer], *, interval_s: float, grace_s: float
) -> bool:
    """Interrupt the call until it has returned; whether it did within `grace_s`.

    An interrupt is lost while the server is idle, loads a model, or works for somebody before us.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(grace_s):
            while not call.done():
                await _interrupt(engine)
                await asyncio.wait({call}, timeout=interval_s)
    ended = call.done()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    return ended


async def quiet(engine: Engine, *, interval_s: float, grace_s: float) -> bool:
    """Interrupt until the server is idle, for a call whose connection is gone; whether it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(grace_s):
            while True:
                state = await engine.state()
                if state is not None and not state.busy:
                    return True
                await _interrupt(engine)
                await asyncio.sleep(interval_s)
    return False


async def _interrupt(engine: Engine) -> None:
    with suppress(NoAnswerError):  # the next round asks again
        await engine.interrupt()
