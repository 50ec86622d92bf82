"""The connector against a ComfyUI: the real one at COMFYUI_URL, else the stand-in."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.connectors.base import ConnectorError, InputFile, Result, Work
from agent.connectors.comfyui.host import Host
from agent.connectors.conformance import check
from shared.core_nodes import CORE_NODES
from shared.states import ErrorClass
from tests.engines.conftest import Target
from tests.engines.graphs import PREFIX, SAVERS, Graph, ending, node, picture, sampling
from tests.support.reports import Reports
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(600)

PNG = b"\x89PNG\r\n\x1a\n"


def work(graph: Graph, *inputs: InputFile, job_id: str = "engines") -> Work:
    payload = {"workflow": graph}
    return Work(job_id=job_id, attempt=1, type="comfyui", payload=payload, inputs=inputs)


async def run(target: Target, graph: Graph, *inputs: InputFile) -> Result:
    return await target.comfy.run(work(graph, *inputs), Reports())


async def fails(target: Target, graph: Graph, *inputs: InputFile) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await run(target, graph, *inputs)
    return caught.value


async def asked(target: Target, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=target.url, timeout=60) as client:
        return await client.get(path)


async def queued(target: Target, part: str) -> list[str]:
    """The jobs there."""
    rows = (await asked(target, "/queue")).json()[part]
    return [row[3]["emp"]["job_id"] for row in rows]


async def checkpoint(target: Target) -> str:
    models = (await target.comfy.offer()).models
    if not models:
        pytest.skip("this ComfyUI has no model")
    return models[0]


async def test_it_tells_what_it_has(target: Target) -> None:
    offer = await target.comfy.offer()
    print(f"\nComfyUI {offer.version}: {len(offer.custom_nodes or ())} node classes")  # noqa: T201
    assert offer.services == ("comfyui",)
    assert {"KSampler", "SaveImage"} <= set(offer.custom_nodes or ())


async def test_every_core_node_is_there(target: Target) -> None:
    offered = set((await target.comfy.offer()).custom_nodes or ())
    if len(offered) < len(CORE_NODES):
        pytest.skip("the stand-in has only the nodes that tests use")
    assert set(offered) >= CORE_NODES


async def test_a_picture_comes_back_and_nothing_stays(target: Target) -> None:
    result = await run(target, picture())
    await target.comfy.tidied()
    (file,) = result.files
    assert (file.filename, file.mime_type) == ("tom_00001_.png", "image/png")
    assert isinstance(file.content, bytes)
    assert file.content.startswith(PNG)
    assert (await asked(target, "/history")).json() == {}
    system = (await asked(target, "/system_stats")).json()["system"]
    folders = Host.of(system, target.url).folders
    assert not any((folder / "emp" / "engines").exists() for folder in folders)


async def test_the_same_again_is_not_nothing(target: Target) -> None:
    for attempt in ("one", "two"):
        result = await target.comfy.run(work(picture(), job_id=attempt), Reports())
        assert len(result.files) == 1


async def test_sampling_is_told_step_by_step(target: Target) -> None:
    reports = Reports()
    graph = sampling(await checkpoint(target), 2)
    result = await target.comfy.run(work(graph), reports)
    assert len(result.files) == 1
    assert {each.step for each in reports.seen if each.node == "3"} >= {1, 2}
    assert [each.percent for each in reports.seen] == sorted(each.percent for each in reports.seen)


async def test_a_file_that_the_job_is_given_is_used(target: Target, tmp_path: Path) -> None:
    (drawn,) = (await run(target, picture())).files
    assert isinstance(drawn.content, bytes)
    (tmp_path / "0").write_bytes(drawn.content)
    graph = picture() | {"1": node("LoadImage", image="photo.png")}
    (file,) = (await run(target, graph, InputFile("photo.png", tmp_path / "0"))).files
    assert isinstance(file.content, bytes)
    assert file.content.startswith(PNG)


@pytest.mark.parametrize(("saver", "inputs", "suffix"), SAVERS, ids=[each[0] for each in SAVERS])
async def test_no_kind_of_output_is_lost(
    target: Target, saver: str, inputs: dict[str, Any], suffix: str
) -> None:
    graph = ending(saver, **inputs, **PREFIX)
    offered = set((await target.comfy.offer()).custom_nodes or ())
    if missing := {each["class_type"] for each in graph.values()} - offered:
        pytest.skip(f"this ComfyUI is from before {missing}")
    (file,) = (await run(target, graph)).files
    assert Path(file.filename).suffix == suffix
    assert file.content


async def test_text_is_data(target: Target) -> None:
    graph = {"1": node("PrimitiveString", value="seen"), "9": node("PreviewAny", source=["1", 0])}
    assert (await run(target, graph)).data["outputs"]["9"]["text"] == ["seen"]


@pytest.mark.parametrize("saver", ["PreviewImage", "SaveImageWebsocket"])
async def test_what_is_not_saved_comes_back_too(target: Target, saver: str) -> None:
    (file,) = (await run(target, ending(saver, images=["1", 0]))).files
    assert isinstance(file.content, bytes)
    assert file.content.startswith(PNG)


async def test_a_missing_model_is_told_with_what_there_is(target: Target) -> None:
    there = await checkpoint(target)
    problem = await fails(target, sampling("none.safetensors", 1))
    assert problem.error_class is ErrorClass.MISSING_MODEL
    assert "ckpt_name 'none.safetensors' is not on this worker; it has " in problem.message
    assert there in problem.message


async def test_a_missing_class_is_told(target: Target) -> None:
    problem = await fails(target, picture() | {"5": node("NoSuchNode")})
    assert problem.error_class is ErrorClass.MISSING_NODE
    assert "NoSuchNode" in problem.message


async def test_a_prompt_that_is_good_in_part_is_refused(target: Target) -> None:
    problem = await fails(target, picture() | {"10": node("SaveImage", **PREFIX)})
    assert problem.error_class is ErrorClass.VALIDATION
    assert problem.message.startswith("node 10 (SaveImage): ")


async def test_a_node_that_fails_is_named(target: Target, tmp_path: Path) -> None:
    (tmp_path / "0").write_bytes(b"no picture")
    graph = picture() | {"1": node("LoadImage", image="photo.png")}
    problem = await fails(target, graph, InputFile("photo.png", tmp_path / "0"))
    assert "node 1 (LoadImage)" in problem.message
    assert "current_inputs" not in problem.details


async def sampling_now(target: Target) -> "asyncio.Task[Result]":
    """A long job that has come to its sampler."""
    target.dawdle("3:5")
    reports = Reports()
    graph = sampling(await checkpoint(target), 500)
    running = asyncio.create_task(target.comfy.run(work(graph), reports))
    await reports.until(lambda told: told.node == "3" and told.step is not None)
    return running


async def cancelled(running: "asyncio.Task[Result]") -> None:
    """Cancel a job, and see that it ends as such."""
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_cancelled_job_leaves_the_queue(target: Target) -> None:
    running = await sampling_now(target)
    await cancelled(running)
    queue = (await asked(target, "/queue")).json()
    assert queue == {"queue_running": [], "queue_pending": []}


async def test_a_job_that_waits_is_cancelled_without_the_one_that_runs(target: Target) -> None:
    running = await sampling_now(target)
    waiting = asyncio.create_task(target.comfy.run(work(picture(), job_id="later"), Reports()))
    await wait_until(lambda: queued(target, "queue_pending"), 20)
    await cancelled(waiting)
    assert await queued(target, "queue_pending") == []
    assert await queued(target, "queue_running") == ["engines"]
    await cancelled(running)


async def test_it_keeps_every_promise_of_a_connector(target: Target) -> None:
    await target.comfy.close()
    await check(target.comfy, {"workflow": picture()})
    await target.comfy.open()
