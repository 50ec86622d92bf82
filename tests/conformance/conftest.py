"""The hub under test: the one at HUB_UNDER_TEST, or one of its own."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.conformance.outsider import Hub
from tests.support.hubs import running_hub

URL = os.environ.get("HUB_UNDER_TEST", "").rstrip("/")

if URL:

    @pytest.fixture
    def hub() -> Hub:
        """A hub that runs already, as an outsider knows it."""
        return Hub(URL, os.environ.get("HUB_KEY", ""), os.environ.get("HUB_TOKEN", ""))

else:

    @pytest.fixture
    async def hub(redis_url: str, tmp_path: Path) -> AsyncGenerator[Hub]:
        """A hub of our own, as an outsider knows it."""
        async with running_hub(redis_url, tmp_path, stats_broadcast_interval_ms=250) as running:
            yield Hub(running.url)
