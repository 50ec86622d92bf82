"""What is written in one turn of the loop goes out as one.

Each write of its own costs a system call here, and wakes the peer for a part of what it waits for.
"""

from collections.abc import Callable
from typing import Any

from attrs import define, field

LARGE = 64 * 1024
"""So many bytes go out at once: the transport is to tell when the peer does not read."""


@define(eq=False)
class Gathering:
    """A transport, as protocols know it. `soon` calls in the next turn of the loop."""

    _transport: Any
    _soon: Callable[[Callable[[], None]], object]
    _waiting: list[bytes] = field(factory=list, init=False)
    _size: int = field(default=0, init=False)

    def write(self, data: bytes) -> None:
        """Send it with all that comes in this turn."""
        if not self._waiting:
            self._soon(self._send)
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= LARGE:
            self._send()

    def close(self) -> None:
        """Send what waits, and hang up."""
        self._send()
        self._transport.close()

    def write_eof(self) -> None:
        """Send what waits, and nothing after it."""
        self._send()
        self._transport.write_eof()

    def _send(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            self._transport.write(b"".join(waiting))  # asyncio's `writelines` never says to pause

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def gathered(transport: Any, soon: Callable[[Callable[[], None]], object]) -> Any:
    """The transport gathered, for protocols that know their transport by its type."""
    return Gathering(transport, soon)
