"""Reading whole files when nobody needs the machine."""

import asyncio
import hashlib
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import RawIOBase

import psutil
from attrs import define, field

from agent.models.files import Found, stamp_of

log = logging.getLogger(__name__)

CHUNK_BYTES = 2 << 20
PAUSE_S = 1.0  # until it is looked again whether a job runs
_LOWEST = 19


@define(eq=False)
class Hasher:
    """Hashes one file at a time in a thread of the lowest priority, piece by piece.

    Between two pieces it waits while the machine is busy.
    """

    _is_busy: Callable[[], bool]
    _thread: ThreadPoolExecutor = field(init=False)
    _piece: bytearray = field(factory=lambda: bytearray(CHUNK_BYTES), init=False)

    def __attrs_post_init__(self) -> None:
        # A thread cannot be given its priority back: it is one of its own.
        self._thread = ThreadPoolExecutor(1, "models", _step_back)

    async def hash(self, found: Found) -> str | None:
        """The digest; None if the file has changed meanwhile or cannot be read."""
        digest = hashlib.sha256()
        try:
            with await asyncio.to_thread(open, found.path, "rb", buffering=0) as file:
                while await self._more(file, digest.update):
                    pass
        except OSError as problem:
            log.warning("%s is not hashed: %s", found.path, problem)
            return None
        return digest.hexdigest() if stamp_of(found.path) == found.stamp else None

    async def _more(self, file: RawIOBase, update: Callable[[memoryview], None]) -> bool:
        while self._is_busy():  # noqa: ASYNC110 - what makes it busy has no event in common
            await asyncio.sleep(PAUSE_S)
        run = asyncio.get_running_loop().run_in_executor
        return await run(self._thread, self._read, file, update)

    def _read(self, file: RawIOBase, update: Callable[[memoryview], None]) -> bool:
        count = file.readinto(self._piece) or 0
        update(memoryview(self._piece)[:count])
        return count > 0

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _step_back() -> None:
    """Linux has priorities for each thread; where they cannot be set, it goes without."""
    thread = threading.get_native_id()
    try:
        os.setpriority(os.PRIO_PROCESS, thread, _LOWEST)
        psutil.Process(thread).ionice(psutil.IOPRIO_CLASS_IDLE)
    except (OSError, psutil.Error) as problem:
        log.debug("models are hashed at the usual priority: %s", problem)
