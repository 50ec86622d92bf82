"""A proxy between a client and a server that loses answers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

from attrs import define, field

_CHUNK = 1 << 16


@define
class LossyProxy:
    """Stands before the server at `target`, a unix:// URL, as every server of the tests has."""

    target: str
    url: str = field(default="", init=False)
    lost: int = field(default=0, init=False)
    """How many answers were lost so far."""
    _to_lose: int = field(default=0, init=False)
    _tasks: set[asyncio.Task[None]] = field(factory=set, init=False)

    def lose_answers(self, number: int) -> None:
        """The next requests are carried out; their answers are lost with their connections."""
        self._to_lose = number

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["LossyProxy"]:
        """Answers at `url` meanwhile."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self
        await asyncio.gather(*self._tasks)

    async def _serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far, to_far = await asyncio.open_unix_connection(unquote(urlsplit(self.target).path))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copied(near, to_far))
                group.create_task(self._answers(far, to_near))
        finally:
            to_far.close()

    async def _answers(self, far: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        while answer := await far.read(_CHUNK):
            if self._to_lose:
                self._to_lose, self.lost = self._to_lose - 1, self.lost + 1
                break
            to_near.write(answer)
        to_near.close()


async def _copied(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    while some := await source.read(_CHUNK):
        to.write(some)
    to.close()
