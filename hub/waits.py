"""Requests that wait: for the end of a job, of which there may be a most, or for what a stream brings.

They hold a connection each, and nobody waits for a hub that stops.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Generator
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar

from attrs import define, field

from hub.store.news import News

T = TypeVar("T")


class WaitsFullError(Exception):
    """As many requests wait as may."""


@define(eq=False)
class Waits:
    """Waits for jobs by the news of them."""

    news: News
    most: int
    _open: int = field(default=0, init=False)
    _stopping: asyncio.Event = field(factory=asyncio.Event, init=False)

    @contextmanager
    def place(self) -> Generator[None]:
        """A place among those that wait. Raises `WaitsFullError` when there is none."""
        if self._open >= self.most:
            raise WaitsFullError(f"{self._open} requests wait for jobs already, the most that may")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    async def until_ended(
        self, job_id: str, within_s: float, gone: Coroutine[Any, Any, None]
    ) -> None:
        """Return when the job has ended, the time is over, the hub stops, or `gone` has returned.

        Raises `StoreUnavailableError`.
        """
        await _first(self._ended(job_id), gone, self._stop(), within_s=within_s)

    async def until_stop(self, stream: AsyncGenerator[T]) -> AsyncGenerator[T]:
        """What the stream brings, until it ends or the hub stops."""
        async with aclosing(stream):
            while (brought := await _first(self._stop(), anext(stream, None))) is not None:
                yield brought

    def stop(self) -> None:
        """Let everybody go who waits, now and from now on."""
        self._stopping.set()

    async def _ended(self, job_id: str) -> None:
        async with aclosing(self.news.follow(job_id, "0")) as events:
            async for _ in events:
                pass  # that it ends is all there is to know

    async def _stop(self) -> None:
        await self._stopping.wait()


async def _first(*awaited: Awaitable[T | None], within_s: float | None = None) -> T | None:
    """What the first of them returns, or None when the time is over. The others are cancelled."""
    waiting = [asyncio.ensure_future(each) for each in awaited]
    try:
        await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        results = [task.result() for task in waiting if task.done()]
        return results[0] if results else None
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
