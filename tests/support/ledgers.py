"""What ledgers on disk come to, and a disk that takes no more."""

import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from agent.ledger_lines import Kept, come_to

LEDGER = "attempts.jsonl"


def kept_below(folder: Path) -> list[Kept]:
    """What all ledgers in a folder and below it keep."""
    return [
        kept
        for path in folder.rglob(LEDGER)
        for kept in come_to(path.read_bytes().splitlines()).values()
    ]


@contextmanager
def no_file_longer(most: int) -> Generator[None]:
    """A write beyond so many bytes is a short one, or fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
