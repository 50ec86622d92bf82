"""Messages that come in pieces: put together on disk, and read without ever being in memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from attrs import define, field

from hub.artifacts.values import INLINE, Values
from shared.assembly import Assemblies, Assembly
from shared.pieces import Piece


@define(eq=False)
class Pieces:
    """The incomplete messages of one connection. Raises `ValueError`, which names piece and fault."""

    folder: Path
    largest: int  # bytes of a message
    values: Values
    complain: Callable[[str], None] = field(default=lambda _: None, init=False)
    _assemblies: Assemblies = field(init=False)
    _dropping: asyncio.TimerHandle | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._assemblies = Assemblies(self.folder, self.largest)

    async def add(self, piece: Piece) -> tuple[str, int] | None:
        """The frame, and how many bytes came, when this was its last piece. What is large in it is an
        artifact by then.
        """
        whole = self._assemblies.add(piece, _now_s())
        self._watch()
        if whole is None:
            return None
        with whole.file:
            return await self._read(whole), whole.size

    def end(self, name: str) -> None:
        """The peer says that it has sent all pieces of a message."""
        self._assemblies.end(name)

    def close(self) -> None:
        """The connection is gone."""
        if self._dropping is not None:
            self._dropping.cancel()
        self._assemblies.close()

    async def _read(self, whole: Assembly) -> str:
        with TemporaryFile(dir=self.folder) as file:
            await asyncio.to_thread(_written, whole, file)
            if whole.size <= INLINE:
                return file.read().decode("utf-8", "surrogatepass")
            return await self.values.unpack(file)

    def _watch(self) -> None:
        due_s = self._assemblies.next_s
        if self._dropping is None and due_s is not None:
            self._dropping = asyncio.get_running_loop().call_at(due_s, self._drop_stale)

    def _drop_stale(self) -> None:
        self._dropping = None
        for problem in self._assemblies.drop_stale(_now_s()):
            self.complain(problem)
        self._watch()


def _written(whole: Assembly, file: IO[bytes]) -> None:
    whole.write(file)
    file.seek(0)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
