"""What an earlier agent has left, until there is an engine that can be asked for it."""

from attrs import define, field

from agent.ledger_lines import Entry
from shared.jobs import Lease


@define
class Left:
    """Attempts that are to go on."""

    _entries: dict[Lease, Entry] = field(factory=dict[Lease, Entry], init=False)
    _lost: set[Lease] = field(factory=set[Lease], init=False)

    @property
    def leases(self) -> tuple[Lease, ...]:
        """Those that are still ours."""
        return tuple(lease for lease in self._entries if lease not in self._lost)

    def add(self, entry: Entry) -> None:
        """One more."""
        self._entries[entry.lease] = entry

    def lose(self, lease: Lease) -> bool:
        """It is not ours any more; what its engine does is still to be stopped. False: not here."""
        if lease in self._entries:
            self._lost.add(lease)
        return lease in self._entries

    def take(self) -> list[tuple[Entry, bool]]:
        """All of them, each with whether it is ours; there are none afterwards."""
        taken = [(entry, lease not in self._lost) for lease, entry in self._entries.items()]
        self._entries.clear()
        self._lost.clear()
        return taken
