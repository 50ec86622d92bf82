"""The attempts that a worker holds, on disk: what an agent finds that comes after a killed one.

One file for each that has something to be found by, in a folder that only its owner may read. It
goes when the hub has the report, or when the attempt is no longer ours.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from attrs import define, field

from agent.own_files import lock_alone, write_private
from shared.jobs import Lease
from shared.messages import CompleteJob, FailJob, JobAssigned, ReleaseJob
from shared.wire import WireError, decode, encode

log = logging.getLogger(__name__)

Report = CompleteJob | FailJob | ReleaseJob

MOST_RESUMPTIONS = 3
"""An attempt that has ended so many agents is left to the hub, which counts it as a loss."""


@define(eq=False)
class Entry:
    """What is known of one attempt."""

    job: JobAssigned
    notes: dict[str, Any] = field(factory=dict[str, Any])  # by which its connector finds its work
    report: Report | None = None  # that ends it, not acknowledged yet
    resumed: int = 0

    @property
    def lease(self) -> Lease:
        """The right to report on it."""
        return Lease(self.job.job_id, self.job.attempt, self.job.lease)

    def text(self) -> str:
        """What its file holds."""
        return json.dumps(
            {
                "job": encode(self.job),
                "notes": self.notes,
                "report": encode(self.report) if self.report else None,
                "resumed": self.resumed,
            }
        )

    @classmethod
    def of(cls, text: str) -> "Entry":
        """Read it again. Raises `ValueError`, `KeyError` or `TypeError` for another text."""
        told = json.loads(text)
        job, report = decode(told["job"]), told["report"] and decode(told["report"])
        if not isinstance(job, JobAssigned) or not isinstance(report, Report | None):
            raise TypeError("it is not about an attempt")
        return cls(job, told["notes"], report, told["resumed"])


@define(eq=False)
class Ledger:
    """The attempts of one worker. Without a folder nothing outlives the agent."""

    _folder: Path | None = None
    _lock: int | None = None
    _entries: dict[Lease, Entry] = field(factory=dict[Lease, Entry], init=False)

    @classmethod
    def at(cls, folder: Path) -> "Ledger":
        """The ledger of this folder; one that keeps nothing if another agent has it, or it cannot be."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(folder, lock_alone(folder / "lock"))
        except BlockingIOError:
            log.warning("a restart of the agent will lose what runs: another has %s", folder)
        except OSError as problem:
            log.warning("a restart of the agent will lose what runs: %s", problem)
        return cls()

    def close(self) -> None:
        """Let another agent have the folder."""
        self._folder = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def load(self) -> list[Entry]:
        """What an earlier agent has left, oldest first. What it left too often is dropped."""
        files = sorted(self._folder.glob("*.json"), key=_age) if self._folder else []
        for path in files:
            try:
                entry = Entry.of(path.read_text())
            except (OSError, ValueError, KeyError, TypeError, WireError) as problem:
                log.warning("%s is not readable and is removed: %s", path, problem)
                path.unlink(missing_ok=True)
                continue
            self._entries[entry.lease] = entry
            if entry.report is None and (not entry.notes or entry.resumed >= MOST_RESUMPTIONS):
                self.drop(entry.lease)
        return list(self._entries.values())

    @property
    def found_again(self) -> frozenset[Lease]:
        """The attempts that the next agent would find."""
        entries = self._entries.items() if self._folder else ()
        return frozenset(lease for lease, entry in entries if entry.notes or entry.report)

    def take(self, job: JobAssigned) -> None:
        """An attempt begins. Before it has notes or a report, nothing of it could be taken up again."""
        entry = Entry(job)
        self._entries[entry.lease] = entry

    def resume(self, entry: Entry) -> None:
        """An attempt of an earlier agent goes on."""
        entry.resumed += 1
        self._write(entry)

    def notes(self, lease: Lease) -> dict[str, Any]:
        """What its connector has noted."""
        entry = self._entries.get(lease)
        return dict(entry.notes) if entry else {}

    def note(self, lease: Lease, notes: dict[str, Any]) -> None:
        """Keep what its connector needs to find its work again."""
        if entry := self._entries.get(lease):
            entry.notes = notes
            self._write(entry)

    def end(self, lease: Lease, report: Report) -> None:
        """Keep the report that ends an attempt; told of the same again, nothing is written."""
        entry = self._entries.get(lease)
        if entry and entry.report != report:
            entry.report = report
            self._write(entry)

    def drop(self, lease: Lease) -> None:
        """Forget an attempt, if it is known."""
        if self._entries.pop(lease, None) and self._folder:
            self._path(self._folder, lease).unlink(missing_ok=True)

    def _write(self, entry: Entry) -> None:
        if self._folder is None:
            return
        try:
            write_private(self._path(self._folder, entry.lease), entry.text())
        except (OSError, ValueError) as problem:
            log.warning("a restart of the agent will lose %s: %s", entry.lease.job_id, problem)

    def _path(self, folder: Path, lease: Lease) -> Path:
        return folder / f"{quote(lease.id, safe='')[:100]}.json"


def _age(path: Path) -> float:
    return path.stat().st_mtime
