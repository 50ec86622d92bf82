"""Progress as a test collects it."""

import asyncio
from collections.abc import Callable

from agent.connectors.base import Progress


class Reports:
    """Collects progress; `until` waits for a report that fits."""

    def __init__(self) -> None:
        self.seen: list[Progress] = []
        self._news = asyncio.Event()

    def __call__(self, progress: Progress) -> None:
        self.seen.append(progress)
        self._news.set()

    async def until(self, fits: Callable[[Progress], bool]) -> None:
        while not any(map(fits, self.seen)):
            self._news.clear()
            await self._news.wait()
