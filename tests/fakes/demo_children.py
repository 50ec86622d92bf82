"""Programs in the place of hub and agent, and the proof that they are gone."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from attrs import define, field

_PROGRAM = """
import os, signal, socket, sys
port, words, then = sys.argv[1:4]
if then == "stay on SIGTERM":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(words, flush=True)
life = socket.create_connection(("127.0.0.1", int(port)))
if then.startswith("end with "):
    life.recv(1)
    sys.exit(int(then.removeprefix("end with ")))
while True:
    signal.pause()
"""


@define
class Witness:
    """Holds a connection to every child; the kernel closes it when the child ends."""

    port: int = 0
    _lives: asyncio.Queue[asyncio.StreamReader] = field(factory=asyncio.Queue)
    _writers: list[asyncio.StreamWriter] = field(factory=list[asyncio.StreamWriter])

    def child(self, words: str = "ready", then: str = "stay") -> tuple[str, ...]:
        """Return the command of a child that prints `words` and stays until SIGTERM.

        `then` may be "stay on SIGTERM", or "end with N": with that status, once told to `end`.
        """
        return (sys.executable, "-c", _PROGRAM, str(self.port), words, then)

    def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a child's connection."""
        self._writers.append(writer)
        self._lives.put_nowait(reader)

    async def birth(self) -> asyncio.StreamReader:
        """Wait for a child to start; what it returns reads b"" once the child is gone."""
        return await self._lives.get()

    def end(self, number: int = -1) -> None:
        """Tell the child that came as `number` to end."""
        self._writers[number].write(b"!")

    def close(self) -> None:
        """Let go of every child."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def witness() -> AsyncGenerator[Witness]:
    """Give a witness that children can reach."""
    seen = Witness()
    async with await asyncio.start_server(seen.met, "127.0.0.1", 0) as server:
        seen.port = server.sockets[0].getsockname()[1]
        yield seen
        seen.close()
