"""A master, a replica and the Sentinels that watch them, as real processes on loopback."""

import signal
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast

from attrs import define, field, frozen
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.support.ports import free_port
from tests.support.servers import binary, selected_kinds
from tests.support.waiting import wait_until

SERVICE = "emp"
DOWN_MS = 500
"""A server that is silent for as long is down."""


@frozen(eq=False)
class Member:
    """One server process."""

    port: int
    popen: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where it answers, past all Sentinels."""
        return f"redis://127.0.0.1:{self.port}"

    def client(self) -> Redis:
        """A plain client."""
        return Redis.from_url(self.url, decode_responses=True)


@define(eq=False)
class Watched:
    """Two servers, of which the Sentinels make one the master."""

    directory: Path
    count: int  # of the Sentinels
    master: Member = field(init=False)
    replica: Member = field(init=False)
    sentinels: list[Member] = field(factory=list, init=False)
    _stack: ExitStack = field(factory=ExitStack, init=False)

    @property
    def url(self) -> str:
        """For REDIS_URL."""
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}"

    async def start(self) -> None:
        """Everything knows of everything when this returns."""
        self.master = self._server()
        await wait_until(lambda: _says(self.master, lambda _: True))
        self.replica = self._server("--replicaof", "127.0.0.1", str(self.master.port))
        await wait_until(lambda: _says(self.replica, _is_in_step))
        self.sentinels += [self._sentinel() for _ in range(self.count)]
        for each in self.sentinels:
            await wait_until(lambda each=each: self._watches(each), 15)

    async def catch_up(self) -> None:
        """The replica has all that was written until now."""
        async with self.master.client() as client:
            await client.set("catch up", 1, px=60_000)
            assert await client.wait(1, 10_000) == 1

    async def failed_over(self) -> None:
        """The replica has been made master, and a Sentinel says so."""
        await wait_until(lambda: _says(self.replica, lambda facts: facts["role"] == "master"), 15)

    def stop(self) -> None:
        """End every process."""
        self._stack.close()

    async def _watches(self, sentinel: Member) -> bool:
        async with sentinel.client() as client:
            try:
                masters = cast("dict[str, Any]", await client.sentinel_masters())
            except (RedisError, OSError):
                return False  # not yet
        seen = masters.get(SERVICE, {})
        return (seen.get("num-slaves"), seen.get("num-other-sentinels")) == (1, self.count - 1)

    def _server(self, *options: str) -> Member:
        port, directory = self._place()
        return self._started(
            port, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--save", "",
            "--appendonly", "yes", "--repl-diskless-sync-delay", "0", *options,
        )  # fmt: skip

    def _sentinel(self) -> Member:
        port, directory = self._place()
        conf = directory / "sentinel.conf"  # it writes there what it finds out
        conf.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {directory}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.master.port} {self.count // 2 + 1}\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_MS}\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        return self._started(port, str(conf), "--sentinel")

    def _place(self) -> tuple[int, Path]:
        port = free_port()
        directory = self.directory / str(port)
        directory.mkdir()
        return port, directory

    def _started(self, port: int, *words: str) -> Member:
        log = self._stack.enter_context((self.directory / f"{port}.log").open("ab"))
        popen = subprocess.Popen(
            [binary(selected_kinds()[0]), *words], stdout=log, stderr=subprocess.STDOUT
        )
        self._stack.callback(_ended, popen)
        return Member(port, popen)


@asynccontextmanager
async def watched(directory: Path, sentinels: int = 1) -> AsyncGenerator[Watched]:
    """The processes are gone afterwards."""
    servers = Watched(directory, sentinels)
    try:
        await servers.start()
        yield servers
    finally:
        servers.stop()


def _ended(popen: subprocess.Popen[bytes]) -> None:
    popen.send_signal(signal.SIGKILL)
    popen.wait(30)


async def _says(member: Member, holds: Callable[[dict[str, Any]], bool]) -> bool:
    async with member.client() as client:
        try:
            return holds(await client.info("replication"))
        except (RedisError, OSError):
            return False  # not yet


def _is_in_step(facts: dict[str, Any]) -> bool:
    return facts["role"] == "slave" and facts["master_link_status"] == "up"
