"""The connector against the stand-in, over real sockets."""

from collections.abc import AsyncGenerator

import pytest

from agent.connector_settings import A1111Settings
from agent.connectors.a1111 import A1111
from tests.fakes.a1111 import FakeA1111


@pytest.fixture
async def fake() -> AsyncGenerator[FakeA1111]:
    async with FakeA1111().listening() as server:
        yield server


@pytest.fixture
def settings(fake: FakeA1111) -> A1111Settings:
    return A1111Settings(a1111_url=fake.url, a1111_poll_interval_s=0.02, a1111_grace_s=5.0)


@pytest.fixture
async def server(settings: A1111Settings) -> AsyncGenerator[A1111]:
    connector = A1111(settings)
    await connector.open()
    yield connector
    await connector.close()
