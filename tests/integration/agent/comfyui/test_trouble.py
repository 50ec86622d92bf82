"""What may go wrong while a prompt runs."""

import asyncio

import pytest
from attrs import evolve

from agent.connectors.base import ConnectorError
from agent.connectors.comfyui import ComfyUI, ComfyUISettings
from shared.states import ErrorClass
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.comfyui_worker import NodeFailure
from tests.integration.agent.comfyui.workflows import graph, run
from tests.support.reports import Reports


async def test_pictures_lost_with_the_socket_fail_the_attempt(
    fake: FakeComfyUI, settings: ComfyUISettings
) -> None:
    fake.traps.is_deaf = True
    comfy = ComfyUI(evolve(settings, grace_s=0.1))
    await comfy.open()
    saver = {"class_type": "SaveImageWebsocket", "inputs": {"images": ["8", 0]}}
    with pytest.raises(ConnectorError, match="only over the event socket") as caught:
        await run(comfy, graph(**saver))
    await comfy.close()
    assert caught.value.error_class is ErrorClass.NETWORK


async def test_a_deaf_socket_only_costs_the_progress(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    fake.traps.is_deaf = True
    reports = Reports()
    assert len((await run(comfy, graph(), reports)).files) == 1
    assert reports.seen == []


async def test_a_socket_cut_in_the_middle_only_costs_the_progress(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.pause_at = "3:2"
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    await fake.close_sockets()
    await fake.worker.go_on()
    assert len((await running).files) == 1


async def test_an_error_frame_of_a_blocked_node_is_not_the_end(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.blocked = "6"
    assert len((await run(comfy, graph())).files) == 1


@pytest.mark.parametrize(
    ("exception_type", "message", "error_class"),
    [
        ("torch.OutOfMemoryError", "Allocation failed", ErrorClass.OUT_OF_MEMORY),
        ("RuntimeError", "CUDA error: an illegal memory access", ErrorClass.CUDA),
        ("ValueError", "bad", ErrorClass.INTERNAL),
    ],
)
async def test_a_node_that_fails_is_named_and_classed(
    fake: FakeComfyUI, comfy: ComfyUI, exception_type: str, message: str, error_class: ErrorClass
) -> None:
    fake.traps.failing["3"] = NodeFailure(exception_type, message)
    with pytest.raises(ConnectorError, match=r"node 3 \(Sampling\)") as caught:
        await run(comfy, graph())
    assert caught.value.error_class is error_class
    assert len(caught.value.details["traceback"]) == 20
    assert "secret" not in f"{caught.value.details}{caught.value}"
    await comfy.tidied()
    assert fake.worker.history == {}


async def test_an_interrupt_by_somebody_else_is_said_to_be_one(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.pause_at = "3:2"
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    await fake.interrupt(None)
    with pytest.raises(ConnectorError, match="interrupted by somebody else"):
        await running


async def test_a_prompt_that_vanished_is_an_engine_crash(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    fake.traps.pause_at = "3:2"
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    fake.forget_everything()
    with pytest.raises(ConnectorError, match="vanished") as caught:
        await running
    assert caught.value.error_class is ErrorClass.ENGINE_CRASH


async def test_a_comfyui_that_dies_is_an_engine_crash_after_the_grace(
    fake: FakeComfyUI, settings: ComfyUISettings
) -> None:
    fake.traps.pause_at = "3:2"
    comfy = ComfyUI(evolve(settings, grace_s=0.1))
    await comfy.open()
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    await fake.crash()
    with pytest.raises(ConnectorError, match="did not come back") as caught:
        await running
    with pytest.raises(ConnectorError, match="socket") as refused:
        await run(comfy, graph())
    await comfy.close()
    assert caught.value.error_class is refused.value.error_class is ErrorClass.ENGINE_CRASH


async def test_a_short_trouble_is_sat_out(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    fake.traps.read_errors = 2
    assert len((await run(comfy, graph())).files) == 1


@pytest.mark.parametrize("trap", ["files_lost", "files_empty"])
async def test_a_file_that_is_missing_or_empty_fails_the_attempt(
    fake: FakeComfyUI, comfy: ComfyUI, trap: str
) -> None:
    setattr(fake.traps, trap, True)
    with pytest.raises(ConnectorError, match=r"node 9 reported .*tom_00001_\.png"):
        await run(comfy, graph())
    await comfy.tidied()
    assert fake.worker.history == {}


async def test_an_answer_that_is_not_comfyuis_is_a_matter_of_the_network(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.pause_at = "3:2"
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    fake.traps.credentials = "Basic changed"
    with pytest.raises(ConnectorError, match="check the url, username and password") as caught:
        await running
    assert caught.value.error_class is ErrorClass.NETWORK
