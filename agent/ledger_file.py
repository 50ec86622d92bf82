"""The file of a ledger: lines are appended to it, and it is written anew where it has grown too long."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from attrs import define, field

from agent.own_files import OWNER_ONLY, lock_alone, write_private

log = logging.getLogger(__name__)

LONG_BYTES = 1 << 20
"""A file that is not longer than this is left to grow, whatever of it is still of use."""
FAR_LONGER = 4
"""How many times as long a longer one may become as it was when written anew, so that copying costs
little beside writing."""


@define(eq=False)
class LedgerFile:
    """Lines for the owner's eyes, one agent's alone. Each is kept when the call has returned, whatever
    becomes of the process; a kill at any instant leaves whole lines, and a part of the last at most.
    """

    _path: Path
    _lock: int
    _appending: int | None = field(default=None, init=False)  # to the file, while it is open
    _bytes: int = field(default=0, init=False)
    _longest: int = field(default=LONG_BYTES, init=False)
    _is_whole: bool = field(default=False, init=False)  # it has what was added, and no torn line

    @classmethod
    def alone(cls, path: Path) -> "LedgerFile":
        """The file, until `close`. Raises `BlockingIOError` if another agent has it, and `OSError`."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(path, lock_alone(path.with_name("lock")))

    def close(self) -> None:
        """Let another agent have it."""
        self._stop_appending()
        os.close(self._lock)

    def read(self) -> list[bytes]:
        """Its lines, of which any may be torn."""
        try:
            return self._path.read_bytes().splitlines()
        except FileNotFoundError:
            self._is_whole = True
        except OSError as problem:
            log.warning("%s is not readable and is written anew: %s", self._path, problem)
        return []

    def begin(self, everything: str) -> None:
        """Write what is of use alone, and remove what killed agents were writing, and old ones kept."""
        folder = self._path.parent
        try:
            for file in (*folder.glob(f".{self._path.name}.*"), *folder.glob("*.json")):
                file.unlink()
            self.rewrite(everything)
        except OSError as problem:
            log.warning("%s is left as it is: %s", self._path, problem)

    def add(self, line: str, everything: Callable[[], str]) -> None:
        """Append a line, or write `everything` that is of use, which includes it. Raises `OSError`:
        then it is not kept before another call has succeeded.
        """
        if self._is_whole:
            self._append(line.encode())
        if not self._is_whole:
            self.rewrite(everything())
        elif self._bytes > self._longest:
            self._shorten(everything())

    def rewrite(self, text: str) -> None:
        """Replace what it holds, by these lines. Raises `OSError`: it is as it was."""
        if text:
            write_private(self._path, text)
            self._stop_appending()
        else:  # by a single call as well, and room is needed for none
            os.ftruncate(self._opened(), 0)
        self._bytes = len(text)
        self._longest = max(LONG_BYTES, FAR_LONGER * self._bytes)
        self._is_whole = True

    def _append(self, line: bytes) -> None:
        self._is_whole = False  # what is torn is not added to
        with suppress(OSError):  # `rewrite` comes next: it mends this, or tells why it cannot be
            written = os.write(self._opened(), line)
            self._bytes += written
            self._is_whole = written == len(line)

    def _shorten(self, text: str) -> None:
        try:
            self.rewrite(text)
        except OSError as problem:
            self._longest = 2 * self._bytes
            log.warning("%s is longer than need be: %s", self._path, problem)

    def _opened(self) -> int:
        if self._appending is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._appending = os.open(self._path, flags, OWNER_ONLY)
        return self._appending

    def _stop_appending(self) -> None:
        descriptor, self._appending = self._appending, None
        if descriptor is not None:
            os.close(descriptor)
