"""uvicorn beside pytest."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn


class QuietServer(uvicorn.Server):
    """Leaves the signals to pytest, and ends as soon as `should_exit` is set."""

    def __init__(self, *args: Any) -> None:
        self._exit = asyncio.Event()
        super().__init__(*args)

    @property
    def should_exit(self) -> bool:
        return self._exit.is_set()

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        if value:
            self._exit.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Catch nothing."""
        yield

    async def main_loop(self) -> None:
        """Wait, where uvicorn looks every tenth of a second."""
        await self.on_tick(0)
        await self._exit.wait()
