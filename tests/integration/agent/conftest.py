"""A hub to talk to."""

from collections.abc import AsyncGenerator

import pytest

from tests.fakes.hub import FakeHub, running_hub


@pytest.fixture
async def hub() -> AsyncGenerator[FakeHub]:
    async with running_hub() as hub:
        yield hub
