"""The connected workers of one hub, and which of them is idle."""

from collections.abc import Callable

from attrs import define, field

from hub.store.claims import Claimed
from shared.matching import Capability

Suits = Callable[[str, Capability], bool]
"""Whether workers of a class, with this capability, will do."""


@define(eq=False)
class Seat:
    """A connected worker at the dispatcher. `assign` must not block."""

    worker_id: str
    session: str
    class_: str
    capability: Capability
    assign: Callable[[Claimed], None]
    evicted: Callable[[], None]
    credit: int = 0
    warm: str = field(default="", init=False)  # what its last job loaded
    is_claiming: bool = field(default=False, init=False)
    is_called: bool = field(default=False, init=False)  # while claiming: look once more
    is_parked: bool = field(
        default=False, init=False
    )  # has credit of which its last claim left some


@define
class Seats:
    """Seats by class, the cheaper ones first, and by worker, who was served last at the end."""

    _by_class: dict[str, dict[str, Seat]] = field(factory=dict, init=False)

    def __bool__(self) -> bool:
        return bool(self._by_class)

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the workers."""
        return tuple(self._by_class)

    def add(self, seat: Seat) -> None:
        """A worker is connected; it takes the place of another connection of its own."""
        is_new = seat.class_ not in self._by_class
        self._by_class.setdefault(seat.class_, {})[seat.worker_id] = seat
        if is_new:
            self._by_class = dict(sorted(self._by_class.items(), key=lambda item: _rate(item[1])))

    def remove(self, seat: Seat) -> None:
        """A worker is gone, unless another connection has its place."""
        seats = self._by_class.get(seat.class_, {})
        if seats.get(seat.worker_id) is seat:
            del seats[seat.worker_id]
        if not seats:
            self._by_class.pop(seat.class_, None)

    def move_to_end(self, seat: Seat) -> None:
        """It was served: those of its class that wait longer go first."""
        seats = self._by_class.get(seat.class_, {})
        if seats.get(seat.worker_id) is seat:
            seats[seat.worker_id] = seats.pop(seat.worker_id)

    def idle(
        self, suits: Suits, loads: str = "", others: frozenset[str] = frozenset()
    ) -> Seat | None:
        """One with credit that claims nothing now, of the first class that will do, but the `others`;
        rather one that has loaded what is needed.
        """
        for class_, seats in self._by_class.items():
            ready = [each for each in seats.values() if each.credit > 0]
            ready = [each for each in ready if each.worker_id not in others]
            if not ready or not suits(class_, ready[0].capability):
                continue
            if seat := _first(ready, loads):
                return seat
        return None


def _rate(seats: dict[str, Seat]) -> float:
    """What a worker of a class costs per hour."""
    return next(iter(seats.values())).capability.cost.rate_per_hour


def _first(ready: list[Seat], loads: str) -> Seat | None:
    """The first that claims nothing now; before it one as free that has loaded what is needed.

    Those that claim, and stand before the first, are called to look once more.
    """
    first = None
    for seat in ready:
        if first is not None:
            if seat.warm == loads and not seat.is_claiming and seat.credit >= first.credit:
                return seat
        elif seat.is_claiming:
            seat.is_called = True
        else:
            first = seat
            if seat.warm == loads:
                break
    return first
