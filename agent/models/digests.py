"""The SHA-256 of files, kept so that a restart does not read them again."""

import json
import logging
import os
from collections.abc import Collection
from pathlib import Path

from attrs import astuple, define, field

from agent.models.files import Found, Stamp
from shared.digests import SHA256

log = logging.getLogger(__name__)

FILE = "models.jsonl"
_IDLE_ROWS = 1000  # of files that are gone; more are dropped


@define
class Digests:
    """One line of JSON for each file, the last one for a path counts: path, stamp, digest."""

    _file: Path
    _known: dict[str, tuple[Stamp, str]] = field(factory=dict[str, tuple[Stamp, str]], init=False)

    def load(self) -> None:
        """Read what is kept. Lines that cannot be read, as after a crash, are left out."""
        try:
            text = self._file.read_text(errors="replace")
        except FileNotFoundError:
            return
        except OSError as problem:
            log.warning("models are hashed anew, %s cannot be read: %s", self._file, problem)
            return
        for line in text.splitlines():
            try:
                path, size_bytes, mtime_ns, inode, sha256 = json.loads(line)
            except (ValueError, TypeError):
                continue
            if isinstance(path, str) and SHA256.fullmatch(str(sha256)):
                self._known[path] = (Stamp(size_bytes, mtime_ns, inode), sha256)

    def of(self, found: Found) -> str | None:
        """The digest of a file, if it is the same that was hashed."""
        stamp, sha256 = self._known.get(found.path, (None, None))
        if sha256 is None or stamp != found.stamp:
            return None
        if stamp is not found.stamp:  # read from the disk: of ten thousand files one copy is enough
            del self._known[found.path]
            self._known[found.path] = (found.stamp, sha256)
        return sha256

    def keep(self, found: Found, sha256: str) -> None:
        """Know it from now on; blocks."""
        self._known[found.path] = (found.stamp, sha256)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as file:
                file.write(_row(found.path, found.stamp, sha256))
        except OSError as problem:
            log.warning("%s cannot be written, a restart hashes anew: %s", self._file, problem)

    def prune(self, present: Collection[str]) -> None:
        """Forget files that are gone, once there are many; blocks."""
        if len(self._known) <= len(present) + _IDLE_ROWS:
            return
        self._known = {path: self._known[path] for path in self._known if path in present}
        new = self._file.with_name(f".{FILE}.{os.getpid()}")
        try:
            new.write_text("".join(_row(path, *row) for path, row in self._known.items()))
            new.replace(self._file)
        except OSError as problem:
            log.warning("%s cannot be written: %s", self._file, problem)


def _row(path: str, stamp: Stamp, sha256: str) -> str:
    return json.dumps([path, *astuple(stamp), sha256]) + "\n"
