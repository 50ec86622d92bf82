"""Hub and agent as child processes that never outlive the demo."""

import asyncio
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from ctypes import CDLL
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

from attrs import define, field

from hub.demo.errors import DemoError

T = TypeVar("T")

HOST = "127.0.0.1"

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.05
_TAIL_LINES = 10

# Made here, since between fork and exec is no place for it. SIGKILL, because nobody is left to
# insist; what the hub has answered is on its disk.
_die_with_parent = partial(CDLL(None).prctl, _PR_SET_PDEATHSIG, signal.SIGKILL)


@define(eq=False)
class Child:
    """A program that runs from entry to exit and logs to a file.

    On exit it gets SIGTERM and `stop_within_s` to end, then SIGKILL; when this process is
    killed, so is the child. To be entered in a thread that outlives it. Linux only.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    log_path: Path
    """Appended to; only what this run wrote is ever read."""
    stop_within_s: float

    _process: Process = field(init=False)
    _log_start: int = field(init=False)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    async def __aenter__(self) -> Self:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                env=self.environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the demo, which stops its children in order
                preexec_fn=_die_with_parent,
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            with suppress(ProcessLookupError):  # it may have ended already
                self._process.terminate()
            with suppress(TimeoutError):  # then it is killed below
                async with asyncio.timeout(self.stop_within_s):
                    await self._process.wait()
        finally:  # also when somebody is tired of waiting
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()

    async def ended(self) -> NoReturn:
        """Wait for the child's end, which is always too early. Raises `DemoError`."""
        status = await self._process.wait()
        last = (self.log_tail() or ["it wrote nothing"])[-1].strip()
        raise DemoError(f"the {self.name} ended with status {status}: {last}; see {self.log_path}")

    async def says(self, prefix: str, within_s: float) -> str:
        """Wait for a line that begins with `prefix` and return its rest.

        Raises `DemoError` when none comes in time, or the child ends.
        """
        try:
            async with asyncio.timeout(within_s):
                return await while_running(self._said(prefix), self)
        except TimeoutError:
            raise DemoError(
                f"the {self.name} did not start in {within_s:g} s; see {self.log_path}"
            ) from None

    async def _said(self, prefix: str) -> str:
        while True:
            for line in self._log():
                if line.startswith(prefix):
                    return line.removeprefix(prefix)
            await asyncio.sleep(_POLL_S)  # a file tells nobody that it grew

    def log_tail(self) -> list[str]:
        """Return the last lines the child wrote."""
        return self._log()[-_TAIL_LINES:]

    def _log(self) -> list[str]:
        """Return the whole lines of this run; the last one may still be on its way."""
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            text = log.read().decode(errors="replace")
        return text[: text.rfind("\n") + 1].splitlines()


async def while_running(work: Coroutine[Any, Any, T], *children: Child) -> T:
    """Return the result of `work`. Raises `DemoError` as soon as one of `children` ends."""
    job = asyncio.create_task(work)
    watches = [asyncio.create_task(child.ended()) for child in children]
    try:
        await asyncio.wait([job, *watches], return_when=asyncio.FIRST_COMPLETED)
        # A dead child explains why the work failed in the same moment.
        first = next((watch for watch in watches if watch.done()), job)
        return first.result()
    finally:
        for task in (job, *watches):
            task.cancel()
        await asyncio.gather(job, *watches, return_exceptions=True)


def check_port(port: int) -> None:
    """Make sure that the hub can listen on `port`. Raises `DemoError`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as problem:
            raise DemoError(
                f"port {port} cannot be used ({os.strerror(problem.errno or 0)}); end what "
                "listens there, or let the demo take any free port with --port 0"
            ) from problem
