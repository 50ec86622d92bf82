"""The attempts that a worker holds, on disk: what an agent finds that comes after a killed one.

An attempt is there from when there is something to be found by, until the hub has its report or it is
no longer ours. Another writes nothing.
"""

import logging
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from agent.ledger_file import LedgerFile
from agent.ledger_lines import Entry, Kept, Report, come_to, dropped_line, line_of
from shared.jobs import Lease
from shared.messages import JobAssigned

log = logging.getLogger(__name__)

MOST_RESUMPTIONS = 3
"""An attempt that has ended so many agents is left to the hub, which counts it as a loss."""


@define(eq=False)
class Ledger:
    """The attempts of one worker. Without a file nothing outlives the agent."""

    _file: LedgerFile | None = None
    _kept: dict[Lease, Kept] = field(factory=dict[Lease, Kept])
    # Of these nothing is kept yet.
    _taken: dict[Lease, Entry] = field(factory=dict[Lease, Entry], init=False)

    @classmethod
    def at(cls, folder: Path) -> "Ledger":
        """The ledger of this folder; one that keeps nothing if another agent has it, or it cannot be."""
        try:
            file = LedgerFile.alone(folder / "attempts.jsonl")
        except BlockingIOError:
            log.warning("a restart of the agent will lose what runs: another has %s", folder)
            return cls()
        except OSError as problem:
            log.warning("a restart of the agent will lose what runs: %s", problem)
            return cls()
        return cls(file, come_to(file.read()))

    def close(self) -> None:
        """Let another agent have the folder."""
        file, self._file = self._file, None
        if file:
            file.close()

    def load(self) -> dict[Lease, Kept]:
        """What an earlier agent has left, oldest first. What it left too often is dropped."""
        for lease, kept in list(self._kept.items()):
            if isinstance(kept, Entry) and (not kept.notes or kept.resumed >= MOST_RESUMPTIONS):
                del self._kept[lease]
        if self._file:
            self._file.begin(self._text())
        return dict(self._kept)

    @property
    def found_again(self) -> frozenset[Lease]:
        """The attempts that the next agent would find."""
        if self._file is None:
            return frozenset()
        kept = self._kept.items()
        return frozenset(lease for lease, each in kept if not isinstance(each, Entry) or each.notes)

    def take(self, job: JobAssigned) -> None:
        """An attempt begins. Before it has notes or a report, nothing of it could be taken up again."""
        entry = Entry(job)
        self._taken[entry.lease] = entry

    def resume(self, entry: Entry) -> None:
        """An attempt of an earlier agent goes on."""
        self._keep(entry.lease, evolve(entry, resumed=entry.resumed + 1))

    def notes(self, lease: Lease) -> dict[str, Any]:
        """What its connector has noted."""
        entry = self._entry(lease)
        return dict(entry.notes) if entry else {}

    def note(self, lease: Lease, notes: dict[str, Any]) -> None:
        """Keep what its connector needs to find its work again."""
        if entry := self._entry(lease):
            self._keep(lease, evolve(entry, notes=notes))

    def end(self, lease: Lease, report: Report) -> None:
        """Keep the report that ends an attempt; told of the same again, nothing is written."""
        known = self._kept.get(lease) or self._taken.get(lease)
        if known and known != report:
            self._keep(lease, report)

    def drop(self, lease: Lease) -> None:
        """Forget an attempt, if it is known."""
        self._taken.pop(lease, None)
        if self._kept.pop(lease, None):
            self._add(dropped_line(lease), lease, "look again for")

    def _entry(self, lease: Lease) -> Entry | None:
        kept = self._kept.get(lease) or self._taken.get(lease)
        return kept if isinstance(kept, Entry) else None

    def _keep(self, lease: Lease, kept: Kept) -> None:
        try:
            line = line_of(kept)
        except ValueError as problem:
            log.warning("a restart of the agent will lose %s: %s", lease.job_id, problem)
            return
        self._kept[lease] = kept
        self._taken.pop(lease, None)
        self._add(line, lease, "lose")

    def _add(self, line: str, lease: Lease, otherwise: str) -> None:
        if self._file is None:
            return
        try:
            self._file.add(line, self._text)
        except OSError as problem:
            log.warning("a restart of the agent will %s %s: %s", otherwise, lease.job_id, problem)

    def _text(self) -> str:
        return "".join(line_of(each) for each in self._kept.values())
