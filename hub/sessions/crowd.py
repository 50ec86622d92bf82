"""How many connections there are."""

from collections.abc import Generator
from contextlib import contextmanager

from attrs import define, field


@define
class Crowd:
    """Counts the connections of one hub."""

    most: int
    _now: int = field(default=0, init=False)

    def is_full(self) -> bool:
        """Whether nobody else may come in."""
        return self._now >= self.most

    @contextmanager
    def inside(self) -> Generator[None]:
        """One more, for as long as this lasts."""
        self._now += 1
        try:
            yield
        finally:
            self._now -= 1
