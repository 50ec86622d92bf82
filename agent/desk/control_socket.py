"""The Unix socket by which commands of the same user reach the running agent."""

import os
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from agent.desk.http import Answer, serving
from agent.own_files import lock_alone
from agent.settings import AgentSettings

LONGEST_PATH = 107
"""Bytes of a path that Linux takes for a socket."""


class SocketTakenError(Exception):
    """The socket cannot be had; the message says why, and what helps."""


def socket_path(settings: AgentSettings) -> Path:
    """Where the agent of these settings listens."""
    return settings.control_socket or settings.state_dir / f"{settings.worker_id}.sock"


@asynccontextmanager
async def listening(path: Path, answer: Answer) -> AsyncGenerator[None]:
    """Answer on a socket that nobody but its owner may use. Raises `SocketTakenError`."""
    if len(str(path.absolute()).encode()) > LONGEST_PATH:
        raise SocketTakenError(
            f"{path} is too long for a socket: set WORKER_CONTROL_SOCKET to a path of at most "
            f"{LONGEST_PATH} bytes"
        )
    with _locked(path), socket.socket(socket.AF_UNIX) as line:
        path.unlink(missing_ok=True)  # an agent that was killed has left it
        line.bind(str(path))
        path.chmod(0o600)  # before anybody can connect: it does not listen yet
        try:
            async with serving(answer, line):
                yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """The lock beside the socket: it goes with the process, whatever ends that."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_alone(path.with_name(f"{path.name}.lock"))
    except BlockingIOError:
        raise SocketTakenError(
            f"another agent listens at {path}: end it, or give this one a WORKER_ID or a "
            "WORKER_STATE_DIR of its own"
        ) from None
    except OSError as problem:
        raise SocketTakenError(
            f"{path}: {problem.strerror}; set WORKER_CONTROL_SOCKET to a path that can be written"
        ) from problem
    try:
        yield
    finally:
        os.close(lock)
