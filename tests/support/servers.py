"""The real servers under the store tests: one process of each kind per test session."""

import asyncio
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.store.server import EmbeddedServer, valkey_binary

KINDS = ("valkey", "redis")


def selected_kinds() -> list[str]:
    """The kinds named by TEST_SERVERS (`valkey`, `redis` or both with a comma)."""
    kinds = os.environ.get("TEST_SERVERS", "valkey").split(",")
    if not set(kinds) <= set(KINDS):
        raise ValueError(f"TEST_SERVERS={','.join(kinds)}: not among {', '.join(KINDS)}")
    return kinds


def binary(kind: str) -> Path:
    """The executable of a kind; a selected server that is missing is an error."""
    if kind == "valkey":
        return valkey_binary()
    found = shutil.which("redis-server")
    if found is None:
        raise FileNotFoundError(
            "TEST_SERVERS selects redis, but there is no redis-server on PATH "
            "(Debian: apt-get install redis-server)"
        )
    return Path(found)


class Servers:
    """Starts each kind when it is first asked for, and ends them all together."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._urls: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._runner = self._stack.enter_context(asyncio.Runner())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def url(self, kind: str) -> str:
        """Where the session's server of this kind answers."""
        if kind not in self._urls:
            server = EmbeddedServer(self._directory / kind, binary=binary(kind))
            self._runner.run(server.__aenter__())
            self._stack.callback(lambda: self._runner.run(server.__aexit__(None, None, None)))
            self._urls[kind] = server.url
        return self._urls[kind]
