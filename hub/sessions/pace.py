"""How fast a peer may speak."""

import asyncio

from attrs import define, field


@define
class Pace:
    """So many a second on the average, and `burst` at once; who is faster waits."""

    per_s: float
    burst: float
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self.burst
        self._at = asyncio.get_running_loop().time()

    async def turn(self) -> None:
        """Wait until one more may be said."""
        if wait_s := self.take(1):
            await asyncio.sleep(wait_s)

    def take(self, count: float) -> float:
        """How many seconds whoever says `count` more has to wait."""
        now = asyncio.get_running_loop().time()
        self._left = min(self.burst, self._left + (now - self._at) * self.per_s) - count
        self._at = now
        return max(0.0, -self._left / self.per_s)
