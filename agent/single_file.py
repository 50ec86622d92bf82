"""As a single file the agent is two processes: one unpacks it and waits, the other works."""

import fcntl
import logging
import os
import shutil
import signal
import stat
import sys
from pathlib import Path

log = logging.getLogger(__name__)

MARK = "emp-agent.in-use"
_UNPACKED = "_MEI*"
_PR_SET_PDEATHSIG = 1


def end_with_unpacker() -> None:
    """See to it that this process does not outlive the one that has unpacked it.

    What kills that one means the agent, and nothing else would tell this one. SIGKILL, since
    nobody is left to insist; engines end with the agent, and the hub gives its jobs back.
    """
    if not getattr(sys, "frozen", False):
        return
    from ctypes import CDLL  # noqa: PLC0415 - of use to the single file alone

    CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if not _is_unpacker(os.getppid()):  # it had died before
        os.kill(os.getpid(), signal.SIGKILL)


def clear_up() -> None:
    """Remove what agents have unpacked that were killed, and mark our own as in use.

    The mark is locked while its agent lives, so that one that can be locked is of a dead one. What
    has none is of another program, or of a command that ends by itself, and is left alone.
    """
    here = getattr(sys, "_MEIPASS", None)
    if here is None:
        return
    try:
        _mark(Path(here))
        for other in Path(here).parent.glob(_UNPACKED):
            _remove_if_left(other)
    except OSError as problem:
        log.warning("what killed agents have unpacked is not cleared up: %s", problem)


def _mark(folder: Path) -> None:
    new = folder / f"{MARK}.new"
    # Open to the end of the process, which ends the lock. Under its name only when it is locked.
    fcntl.flock(os.open(new, os.O_CREAT | os.O_RDONLY, 0o600), fcntl.LOCK_EX)
    new.rename(folder / MARK)


def _remove_if_left(folder: Path) -> None:
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
        return
    try:
        mark = os.open(folder / MARK, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
        log.info("removed %s, which a killed agent had left", folder)
    except BlockingIOError:
        pass  # its agent lives
    finally:
        os.close(mark)


def _is_unpacker(pid: int) -> bool:
    """Whether a process runs the same file as we do; where nobody may look, it is believed."""
    try:
        return Path(f"/proc/{pid}/exe").samefile("/proc/self/exe")
    except OSError:
        return True
