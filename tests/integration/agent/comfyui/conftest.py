"""The connector against the stand-in, over real sockets."""

from collections.abc import AsyncGenerator

import pytest

from agent.connectors.comfyui import ComfyUI, ComfyUISettings
from tests.fakes.comfyui import FakeComfyUI


@pytest.fixture
async def fake() -> AsyncGenerator[FakeComfyUI]:
    async with FakeComfyUI().listening() as server:
        yield server


@pytest.fixture
def settings(fake: FakeComfyUI) -> ComfyUISettings:
    return ComfyUISettings(url=fake.url, poll_interval_s=0.05, grace_s=5.0)


@pytest.fixture
async def comfy(settings: ComfyUISettings) -> AsyncGenerator[ComfyUI]:
    connector = ComfyUI(settings)
    await connector.open()
    yield connector
    await connector.close()
