"""What is left of a prompt that does not end well, and what leaves before it ends."""

import asyncio
from collections.abc import Iterator

import pytest
from attrs import evolve

from agent.connectors.base import ConnectorError, OutputFile
from agent.connectors.comfyui import ComfyUI, ComfyUISettings
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.comfyui_worker import PNG, NodeFailure
from tests.integration.agent.comfyui.workflows import SAVE, graph, run, work
from tests.support.reports import Reports

SAVED_FIRST = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "first"}},
    **graph(),
}
"""Saves a picture before it samples another."""


class HandedIn:
    """The files that a connector hands in."""

    def __init__(self) -> None:
        self.files: list[OutputFile] = []
        self._any = asyncio.Event()

    def __call__(self, file: OutputFile) -> None:
        self.files.append(file)
        self._any.set()

    async def any(self) -> None:
        await self._any.wait()

    def names(self) -> Iterator[str]:
        return (file.filename for file in self.files)


@pytest.fixture
def handed_in() -> HandedIn:
    return HandedIn()


async def begin(comfy: ComfyUI, handed_in: HandedIn) -> None:
    await comfy.run(evolve(work(SAVED_FIRST), hand_in=handed_in), Reports())


async def test_a_file_leaves_while_the_prompt_goes_on(
    fake: FakeComfyUI, comfy: ComfyUI, handed_in: HandedIn
) -> None:
    fake.traps.pause_at = "3:2"
    running = asyncio.create_task(
        comfy.run(evolve(work(SAVED_FIRST), hand_in=handed_in), Reports())
    )
    await handed_in.any()
    assert fake.worker.history == {}
    await fake.worker.go_on()
    result = await running
    assert list(handed_in.names()) == ["first_00001_.png", "tom_00001_.png"]
    assert all(mine is theirs for mine, theirs in zip(result.files, handed_in.files, strict=True))


@pytest.mark.parametrize("is_deaf", [False, True])
async def test_what_was_saved_before_a_node_failed_is_handed_in(
    *, fake: FakeComfyUI, comfy: ComfyUI, handed_in: HandedIn, is_deaf: bool
) -> None:
    fake.traps.is_deaf = is_deaf
    fake.traps.failing["3"] = NodeFailure("ValueError", "bad")
    with pytest.raises(ConnectorError, match="node 3"):
        await begin(comfy, handed_in)
    (file,) = handed_in.files
    assert file.filename == "first_00001_.png"
    assert isinstance(file.content, bytes)
    assert file.content.startswith(PNG)


@pytest.mark.parametrize("is_deaf", [False, True])
async def test_what_was_saved_before_a_cancel_is_handed_in(
    *, fake: FakeComfyUI, comfy: ComfyUI, handed_in: HandedIn, is_deaf: bool
) -> None:
    fake.traps.is_deaf = is_deaf
    fake.traps.pause_at = "3:2"
    running = asyncio.create_task(begin(comfy, handed_in))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert list(handed_in.names()) == ["first_00001_.png"]
    assert fake.worker.history == {}


async def test_what_was_saved_before_a_hang_is_handed_in(
    fake: FakeComfyUI, settings: ComfyUISettings, handed_in: HandedIn
) -> None:
    fake.traps.pause_at = "3:2"
    comfy = ComfyUI(evolve(settings, workflow_timeout_s=0.2))
    await comfy.open()
    with pytest.raises(ConnectorError, match="node 3 made no progress"):
        await begin(comfy, handed_in)
    await comfy.close()
    assert list(handed_in.names()) == ["first_00001_.png"]


async def test_a_file_that_cannot_be_had_does_not_hide_why_the_prompt_failed(
    fake: FakeComfyUI, comfy: ComfyUI, handed_in: HandedIn
) -> None:
    fake.traps.files_lost = True
    fake.traps.failing["3"] = NodeFailure("ValueError", "bad")
    with pytest.raises(ConnectorError, match="node 3"):
        await begin(comfy, handed_in)
    assert handed_in.files == []


async def test_one_socket_serves_one_prompt_after_the_other(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    for prefix in ("a", "b"):
        await run(comfy, graph(class_type="SaveImage", inputs=SAVE | {"filename_prefix": prefix}))
        await comfy.tidied()
    sent = [path for method, path in fake.worker.requests if (method, path) == ("POST", "/prompt")]
    assert len(sent) == 2
    assert len(fake.opened) == 1


async def test_a_socket_that_was_lost_is_replaced(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    await run(comfy, graph())
    await fake.close_sockets()
    reports = Reports()
    await run(comfy, graph(), reports)
    assert reports.seen
    assert len(fake.opened) == 2


async def test_a_deaf_socket_is_not_used_again(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    fake.traps.is_deaf = True
    await run(comfy, graph())
    fake.traps.is_deaf = False
    await run(comfy, graph())
    assert len(fake.opened) == 2
