"""The last lines that an engine wrote."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable

from attrs import define, field

KEPT_LINES = 1000
LONGEST_LINE = 2000  # characters

# Colours, and what moves the cursor.
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@define(eq=False)
class LogRing:
    """Keeps the newest lines; whoever follows gets each new one, and so does `wrote`."""

    _wrote: Callable[[str], None] = lambda _: None
    _lines: deque[str] = field(factory=lambda: deque(maxlen=KEPT_LINES), init=False)
    _followers: set["asyncio.Queue[str | None]"] = field(factory=set, init=False)
    _rest: str = field(default="", init=False)

    def write(self, text: str) -> None:
        """Take what came next; a progress bar's return to the start of its line ends it."""
        *lines, self._rest = re.split(r"\r\n|\n|\r", self._rest + text)
        if len(self._rest) > LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], ""
        for line in lines:
            self._add(line)

    def end(self) -> None:
        """Nothing more comes: what is left is a line too."""
        if self._rest:
            self._add(self._rest)
            self._rest = ""

    def last(self, count: int = KEPT_LINES) -> list[str]:
        """The newest lines, oldest first."""
        return list(self._lines)[-count:]

    def close(self) -> None:
        """The engine's next run has a ring of its own: whoever follows this one is done."""
        for follower in self._followers:
            follower.put_nowait(None)

    async def follow(self, count: int = 0) -> AsyncGenerator[str]:
        """The newest `count` lines and every one from now on, until the ring is closed."""
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        for line in self.last(count) if count else ():
            lines.put_nowait(line)
        self._followers.add(lines)
        try:
            while (line := await lines.get()) is not None:
                yield line
        finally:
            self._followers.discard(lines)

    def _add(self, line: str) -> None:
        plain = _CONTROLS.sub("", line)[:LONGEST_LINE].rstrip()
        if plain:
            self._lines.append(plain)
            self._wrote(plain)
            for follower in self._followers:
                follower.put_nowait(plain)
