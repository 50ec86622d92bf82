"""Files that the agent keeps for itself: whole, and for its owner's eyes; locks that tell agents apart."""

import fcntl
import os
from pathlib import Path

OWNER_ONLY = 0o600


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it is whole, or as it was. Raises `OSError`."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w") as file:
            file.write(text)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)  # on a full disk its part would be in the way
        raise


def lock_alone(path: Path) -> int:
    """Lock a file until the descriptor is closed, or the process ends, however it ends.

    Raises `BlockingIOError` when another has locked it, and `OSError` when it cannot be written.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock
