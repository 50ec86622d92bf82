"""The ComfyUI that tests speak to: the real one at COMFYUI_URL, else the stand-in."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from attrs import frozen

from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.comfyui_worker import NodeFailure


@frozen
class Far:
    """The far end of a test. `fake` is the stand-in, if it is that."""

    url: str
    fake: FakeComfyUI | None = None

    def breaks_at(self, node_id: str) -> None:
        """Have the stand-in fail at a node that fails in a real one of its own accord."""
        if self.fake is not None:
            self.fake.traps.failing[node_id] = NodeFailure("RuntimeError", "it is too small")

    def takes(self, size_bytes: int) -> None:
        """Have the stand-in take uploads of this size, as --max-upload-size does."""
        if self.fake is not None:
            self.fake.traps.largest_upload = size_bytes


@asynccontextmanager
async def comfyui() -> AsyncGenerator[Far]:
    """One that is idle."""
    if url := os.environ.get("COMFYUI_URL"):
        yield Far(url)
        return
    async with FakeComfyUI().listening() as fake:
        yield Far(fake.url, fake)
