"""The engines to test against: real ones at COMFYUI_URL and A1111_URL, else their stand-ins."""

import os
from collections.abc import AsyncGenerator, Callable

import pytest
from attrs import field, frozen

from agent.connectors.comfyui import ComfyUI, ComfyUISettings
from tests.fakes.comfyui import FakeComfyUI


def _leave(_node: str) -> None:
    """A real engine takes its time of its own accord."""


@frozen
class Target:
    """A connector that is open, to a real engine or a stand-in."""

    comfy: ComfyUI
    url: str
    dawdle: Callable[[str], None] = field(default=_leave)  # has the stand-in stay at a node


@pytest.fixture
async def target() -> AsyncGenerator[Target]:
    url = os.environ.get("COMFYUI_URL")
    if url:
        connector = ComfyUI(ComfyUISettings(url=url, poll_interval_s=0.5, grace_s=120.0))
        await connector.open()
        yield Target(connector, url)
        await connector.close()
        return
    async with FakeComfyUI().listening() as fake:
        connector = ComfyUI(ComfyUISettings(url=fake.url, poll_interval_s=0.05, grace_s=5.0))
        await connector.open()

        def dawdle(node: str) -> None:
            fake.traps.pause_at = node

        yield Target(connector, fake.url, dawdle)
        await connector.close()
