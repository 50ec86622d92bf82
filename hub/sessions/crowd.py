"""Which connections there are."""

from collections.abc import Generator
from contextlib import contextmanager

from attrs import define, field

from hub.sessions.connection import Connection


@define
class Crowd:
    """The connections of one hub."""

    most: int
    inside: set[Connection] = field(factory=set[Connection], init=False)

    def is_full(self) -> bool:
        """Whether nobody else may come in."""
        return len(self.inside) >= self.most

    @contextmanager
    def joined_by(self, connection: Connection) -> Generator[None]:
        """One more, for as long as this lasts."""
        self.inside.add(connection)
        try:
            yield
        finally:
            self.inside.discard(connection)
