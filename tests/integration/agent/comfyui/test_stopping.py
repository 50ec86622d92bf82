"""Taking a prompt back, and knowing when."""

import asyncio

import pytest
from attrs import evolve

from agent.connectors.base import ConnectorError
from agent.connectors.comfyui import ComfyUI, ComfyUISettings
from shared.states import ErrorClass
from tests.fakes.comfyui import FakeComfyUI
from tests.integration.agent.comfyui.workflows import graph, run, work
from tests.support.reports import Reports


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize("interrupts_lost", [0, 1])
async def test_cancelling_stops_the_running_prompt(
    *, fake: FakeComfyUI, comfy: ComfyUI, is_old: bool, interrupts_lost: int
) -> None:
    fake.traps.is_old = is_old
    fake.traps.interrupts_lost = interrupts_lost
    fake.traps.pause_at = "3:2"
    reports = Reports()
    running = asyncio.create_task(run(comfy, graph(), reports))
    await reports.until(lambda report: report.step == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert fake.worker.running == fake.worker.pending == []
    assert fake.worker.history == {}
    assert fake.worker.files == {}


@pytest.mark.parametrize("is_old", [False, True])
async def test_cancelling_a_waiting_prompt_leaves_the_running_one_alone(
    *, fake: FakeComfyUI, comfy: ComfyUI, is_old: bool
) -> None:
    fake.traps.is_old = is_old
    fake.traps.pause_at = "3:2"
    first = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    second = asyncio.create_task(comfy.run(work(graph(), "another"), Reports()))
    await fake.worker.until(lambda: len(fake.worker.pending) == 1)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert fake.worker.pending == []
    await fake.worker.go_on()
    assert len((await first).files) == 1


async def test_a_prompt_that_cannot_be_stopped_is_given_up_after_the_grace(
    fake: FakeComfyUI, settings: ComfyUISettings
) -> None:
    fake.traps.pause_at = "3:2"
    fake.traps.is_stuck = True
    comfy = ComfyUI(evolve(settings, grace_s=0.1))
    await comfy.open()
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    running.cancel()
    with pytest.raises(ConnectorError, match="did not let go of prompt") as caught:
        await running
    await comfy.close()
    assert caught.value.error_class is ErrorClass.HANG


async def test_a_prompt_that_makes_no_progress_is_a_hang_and_is_stopped(
    fake: FakeComfyUI, settings: ComfyUISettings
) -> None:
    fake.traps.pause_at = "3:2"
    comfy = ComfyUI(evolve(settings, workflow_timeout_s=0.2))
    await comfy.open()
    with pytest.raises(ConnectorError, match="node 3 made no progress") as caught:
        await run(comfy, graph())
    await comfy.close()
    assert caught.value.error_class is ErrorClass.HANG
    assert fake.worker.running == []


async def test_waiting_behind_others_is_no_hang(
    fake: FakeComfyUI, settings: ComfyUISettings
) -> None:
    patient, hasty = ComfyUI(settings), ComfyUI(evolve(settings, workflow_timeout_s=0.01))
    await patient.open()
    await hasty.open()
    fake.traps.pause_at = "3:2"
    first = asyncio.create_task(run(patient, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    fake.traps.is_deaf = True
    second = asyncio.create_task(hasty.run(work(graph(), "another"), Reports()))
    await fake.worker.until(lambda: len(fake.worker.pending) == 1)
    seen = len(fake.worker.requests)
    await fake.worker.until(lambda: len(fake.worker.requests) >= seen + 10)
    assert not second.done()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    await fake.worker.go_on()
    await first
    await patient.close()
    await hasty.close()


async def test_a_stop_of_a_dead_comfyui_ends_all_the_same(
    fake: FakeComfyUI, settings: ComfyUISettings
) -> None:
    fake.traps.pause_at = "3:2"
    comfy = ComfyUI(evolve(settings, grace_s=0.2))
    await comfy.open()
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    await fake.crash()
    running.cancel()
    with pytest.raises(ConnectorError, match="did not let go of prompt") as caught:
        await running
    await comfy.close()
    assert caught.value.error_class is ErrorClass.HANG


async def test_a_cancel_that_is_not_answered_is_asked_again(
    fake: FakeComfyUI, settings: ComfyUISettings
) -> None:
    fake.traps.pause_at = "3:2"
    comfy = ComfyUI(evolve(settings, timeout_s=0.2))
    await comfy.open()
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "3:2")
    fake.traps.is_mute = True
    fake.traps.interrupts_lost = 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    fake.traps.is_mute = False
    await fake.worker.notify()
    await comfy.close()
    assert fake.worker.running == []
