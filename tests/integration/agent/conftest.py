"""A hub to talk to, and GPUs to be found."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agent import renting
from tests.fakes.hub import FakeHub, running_hub
from tests.fakes.nvml import presets
from tests.support.agents import Start, starting


@pytest.fixture(autouse=True)
def _no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents in the process of the tests ask nobody either."""
    monkeypatch.setattr(renting, "ADDRESS", "http://127.0.0.1:9")


@pytest.fixture
async def hub() -> AsyncGenerator[FakeHub]:
    async with running_hub() as hub:
        yield hub


@pytest.fixture(scope="session")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the stand-in NVML, built from its source."""
    return presets.build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
async def start(hub: FakeHub) -> AsyncGenerator[Start]:
    """Starts agents of the test's hub as processes."""
    async with starting(HUB_URL=hub.url, WORKER_ID="w1") as start:
        yield start
