"""Fixtures of the whole suite."""

import os
import signal
from collections.abc import AsyncGenerator, Generator

import pytest
import redis
import redis.asyncio

from tests.support.environ import environ_left_alone
from tests.support.leaks import leaked_keys
from tests.support.servers import Servers, selected_kinds

_ON_EVERY_SERVER = {"store", "properties"}


def pytest_configure() -> None:
    """Agents of the tests ask no cloud that the tests may run in, but for those that are told to."""
    os.environ["WORKER_CLOUD_METADATA"] = "off"
    # Ignored in the background and under nohup, they would be by every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # What a test starts would take twice as long if it were measured, too.
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Store tests run on every selected server, the others on the first."""
    if "redis_url" in metafunc.fixturenames:
        kinds = selected_kinds()
        if _ON_EVERY_SERVER.isdisjoint(metafunc.definition.path.parts):
            kinds = kinds[:1]
        metafunc.parametrize("redis_url", kinds, indirect=True)


@pytest.fixture(autouse=True)
def _environ() -> Generator[None]:
    """Set up first, so that it looks last: what a test has changed, `monkeypatch` has put back."""
    with environ_left_alone():
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Servers]:
    with Servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture
def redis_url(servers: Servers, request: pytest.FixtureRequest) -> Generator[str]:
    """An empty server for the test, which must leave no key without an owner or a TTL."""
    url = servers.url(request.param)
    with redis.Redis.from_url(url) as client:
        client.flushall()
        yield url
        assert leaked_keys(client) == []


@pytest.fixture
async def client(redis_url: str) -> AsyncGenerator[redis.asyncio.Redis]:
    """A plain client of the test's server."""
    async with redis.asyncio.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client
