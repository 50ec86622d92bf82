"""Getting a prompt in, once, or told why not."""

import asyncio
from typing import Any

import pytest
from attrs import evolve

from agent.connectors.base import ConnectorError
from agent.connectors.comfyui import ComfyUI, ComfyUISettings
from shared.states import ErrorClass
from tests.fakes.comfyui import FakeComfyUI
from tests.integration.agent.comfyui.workflows import graph, run


async def test_a_prompt_queued_in_spite_of_a_500_runs_once(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.errors_after_queueing = 1
    assert len((await run(comfy, graph())).files) == 1
    assert len(fake.worker.files) == 1
    assert fake.worker.requests.count(("POST", "/prompt")) == 1


async def test_an_old_comfyui_is_asked_by_tag_after_a_500(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.is_old = True
    fake.traps.errors_after_queueing = 1
    fake.traps.pause_at = "3:1"
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.requests.count(("GET", "/queue")) > 0)
    await fake.worker.go_on()
    assert len((await running).files) == 1
    assert fake.worker.requests.count(("POST", "/prompt")) == 1


async def test_a_prompt_lost_with_a_500_is_posted_again(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    fake.traps.errors_before_queueing = 1
    assert len((await run(comfy, graph())).files) == 1


async def test_a_prompt_that_is_never_taken_is_an_engine_crash(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.errors_before_queueing = 9
    with pytest.raises(ConnectorError, match="got itself in trouble") as caught:
        await run(comfy, graph())
    assert caught.value.error_class is ErrorClass.ENGINE_CRASH


async def test_a_missing_model_is_named_with_those_that_are_there(comfy: ComfyUI) -> None:
    nodes = graph()
    nodes["4"]["inputs"]["ckpt_name"] = "x.safetensors"
    with pytest.raises(ConnectorError) as caught:
        await run(comfy, nodes)
    assert caught.value.error_class is ErrorClass.MISSING_MODEL
    assert caught.value.message == (
        "node 4 (CheckpointLoaderSimple): ckpt_name 'x.safetensors' is not on this worker; "
        "it has a.safetensors, b.safetensors"
    )


async def test_a_prompt_accepted_in_part_is_refused_and_taken_back(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.pause_at = "4"
    faulty = {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}
    with pytest.raises(ConnectorError, match=r"node 11 \(SaveImage\): .*missing: images") as caught:
        await run(comfy, graph() | {"11": faulty})
    assert caught.value.error_class is ErrorClass.VALIDATION
    assert fake.worker.running == fake.worker.pending == []


def with_lora(name: str) -> dict[str, Any]:
    nodes = graph()
    inputs = {"model": ["4", 0], "lora_name": name}
    nodes["2"] = {"class_type": "LoraLoaderModelOnly", "inputs": inputs}
    nodes["3"]["inputs"]["model"] = ["2", 0]
    return nodes


async def test_a_missing_model_among_many_is_named_with_those_that_may_be_meant(
    comfy: ComfyUI,
) -> None:
    nodes = with_lora("style_07.safetensors")
    with pytest.raises(ConnectorError) as caught:
        await run(comfy, nodes)
    assert caught.value.error_class is ErrorClass.MISSING_MODEL
    assert caught.value.message == (
        "node 2 (LoraLoaderModelOnly): lora_name 'style_07.safetensors' is not on this worker; it "
        "has style-07.safetensors, style-20.safetensors, style-17.safetensors and 18 others"
    )


async def test_without_an_answer_what_there_is_instead_is_left_out(
    fake: FakeComfyUI, settings: ComfyUISettings
) -> None:
    comfy = ComfyUI(evolve(settings, grace_s=0.1))
    await comfy.open()
    fake.traps.lists_nothing = True
    with pytest.raises(ConnectorError, match=r"'style_07\.safetensors' is not on this worker$"):
        await run(comfy, with_lora("style_07.safetensors"))
    await comfy.close()


async def test_a_missing_class_is_named(comfy: ComfyUI) -> None:
    nodes = graph() | {"2": {"class_type": "NoSuch", "inputs": {}, "_meta": {"title": "Nice"}}}
    with pytest.raises(ConnectorError, match=r"node 2 \(NoSuch\): this class is not") as caught:
        await run(comfy, nodes)
    assert caught.value.error_class is ErrorClass.MISSING_NODE


async def test_a_prompt_whose_answer_never_comes_is_found_and_runs_once(
    fake: FakeComfyUI, settings: ComfyUISettings
) -> None:
    fake.traps.is_mute = True
    comfy = ComfyUI(evolve(settings, timeout_s=0.2))
    await comfy.open()
    result = await run(comfy, graph())
    fake.traps.is_mute = False
    await fake.worker.notify()
    await comfy.close()
    assert len(result.files) == 1
    assert fake.worker.requests.count(("POST", "/prompt")) == 1
