"""A hub that runs in this process."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.hubs import RunningHub, running_hub


@pytest.fixture
async def hub(redis_url: str, tmp_path: Path) -> AsyncGenerator[RunningHub]:
    """A hub without keys over the test's server."""
    async with running_hub(redis_url, tmp_path) as hub:
        yield hub
