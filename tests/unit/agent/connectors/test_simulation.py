"""The simulation connector, as a runner drives it."""

import asyncio
import json
import subprocess
import sys
import threading
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from agent.connectors import picture
from agent.connectors.base import Connector, ConnectorError, Offer, Progress, Result, Work
from agent.connectors.simulation import Simulation, SimulationSettings
from agent.connectors.simulation_plan import plan
from hub.api.workflows import GRAPH
from shared.states import ErrorClass

ROOT = Path(__file__).parents[4]
AT_ONCE = SimulationSettings(processing_time_s=0, failure_rate=0)


def node(class_type: str, **inputs: object) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def graph_of(*, latent: dict[str, Any] | None = None, **sampler: Any) -> dict[str, Any]:
    size: dict[str, Any] = {"width": 64, "height": 48} | (latent or {})
    return {
        "save": node("SaveImage", filename_prefix="cat", images=["sample", 0]),
        "sample": node("KSampler", **({"seed": 7, "steps": 3, "latent": ["size", 0]} | sampler)),
        "size": node("EmptyLatentImage", **size) | {"_meta": {"title": "Size"}},
    }


async def run(
    payload: dict[str, Any], settings: SimulationSettings = AT_ONCE, draw: float = 0.5
) -> tuple[Result, list[Progress]]:
    told: list[Progress] = []
    work = Work(job_id="j", attempt=1, type="simulation", payload=payload)
    return await Simulation(settings, draw=lambda: draw).run(work, told.append), told


async def refusal(payload: dict[str, Any]) -> str:
    with pytest.raises(ConnectorError) as caught:
        await run(payload)
    assert caught.value.error_class is ErrorClass.VALIDATION
    return caught.value.message


async def test_the_services_of_the_job_type_are_offered_in_its_slots() -> None:
    settings = SimulationSettings(job_type="simulation, comfyui,", max_concurrent_jobs=3)
    connector: Connector = Simulation(settings)
    await connector.open()
    assert await connector.offer() == Offer(services=("simulation", "comfyui"))
    assert (connector.name, connector.slots) == ("simulation", 3)
    await connector.close()


def test_a_job_type_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="job_type must name at least one service"):
        Simulation(SimulationSettings(job_type=" , "))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"processing_time_s": -1}, "processing_time_s must be a number from 0 to 86400, got -1"),
        ({"processing_time_s": float("nan")}, "processing_time_s must be a number"),
        ({"processing_time_s": "5"}, "processing_time_s must be a number .* got '5'"),
        ({"steps": 1.5}, "steps must be a whole number from 0 to 1000, got 1.5"),
        ({"steps": True}, "steps must be a whole number"),
        ({"failure_rate": 1.01}, "failure_rate must be a number from 0 to 1"),
        ({"progress_interval_ms": 0}, "progress_interval_ms must be a whole number from 1"),
        ({"max_concurrent_jobs": 0}, "max_concurrent_jobs must be a whole number from 1"),
    ],
    ids=str,
)
def test_a_setting_out_of_range_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SimulationSettings(**change)


async def test_a_plain_job_tells_each_of_its_steps() -> None:
    result, told = await run({"prompt": "just text"}, evolve(AT_ONCE, steps=4))
    assert result == Result(data={"simulated": True, "steps": 4})
    assert told == [Progress(percent=25.0 * step, step=step, steps=4) for step in range(1, 5)]


async def test_what_is_told_between_two_steps_names_the_last_that_is_done() -> None:
    settings = evolve(AT_ONCE, processing_time_s=0.05, progress_interval_ms=5)
    _, told = await run({"workflow": graph_of(steps=3)}, settings)
    sampling = [each for each in told if each.node == "sample"]
    assert [each.step for each in sampling] == sorted(
        (each.step for each in sampling), key=lambda step: step or 0
    )
    assert {each.message for each in sampling} == {
        "KSampler", "KSampler 1/3", "KSampler 2/3", "KSampler 3/3"
    }  # fmt: skip


async def test_the_hubs_example_of_a_workflow_draws_what_its_next_step_takes() -> None:
    drawing, enlarging = cast("list[dict[str, Any]]", GRAPH["steps"])
    result, _ = await run(drawing["payload"], AT_ONCE)
    assert [file.mime_type for file in result.files] == ["image/png"]
    assert enlarging["payload"]["image"] == {"$from": "draw", "path": "/files/0/url"}


async def test_a_job_of_no_steps_and_no_time_sets_no_timer_and_tells_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_timer = Mock()
    monkeypatch.setattr(asyncio.get_running_loop(), "call_at", set_timer)
    result, told = await run({}, evolve(AT_ONCE, steps=0))
    assert result == Result(data={"simulated": True, "steps": 0})
    assert told == []
    set_timer.assert_not_called()


def test_a_plain_job_never_loads_pillow() -> None:
    program = """
import asyncio, sys
from agent.connectors.base import Work
from agent.connectors.simulation import Simulation, SimulationSettings
simulation = Simulation(SimulationSettings(processing_time_s=0, failure_rate=0))
work = Work(job_id="j", attempt=1, type="simulation", payload={})
asyncio.run(simulation.run(work, lambda progress: None))
sys.exit("PIL" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=30)


async def test_a_job_takes_its_time_and_tells_progress_at_each_interval() -> None:
    loop = asyncio.get_running_loop()
    settings = evolve(AT_ONCE, processing_time_s=0.12, steps=2, progress_interval_ms=20)
    started = loop.time()
    _, told = await run({}, settings)
    assert loop.time() - started >= 0.12
    assert [round(progress.percent) for progress in told] == [17, 33, 50, 67, 83, 100]
    assert [progress.step for progress in told] == [None, None, 1, 1, 1, 2]


async def test_a_job_can_override_settings_for_itself() -> None:
    override = {"processing_time_s": 0, "steps": 2, "failure_rate": 0}
    result, told = await run({"simulation": override}, SimulationSettings(), draw=0.0)
    assert result.data["steps"] == len(told) == 2


async def test_the_override_is_no_part_of_a_bare_graph() -> None:
    result, _ = await run(graph_of() | {"simulation": {"failure_rate": 0}})
    assert len(result.files) == 1


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (3, "simulation must be an object, got 3"),
        ({"steps": -1}, "simulation.steps must be a whole number from 0 to 1000, got -1"),
        ({"failure_rate": None}, "simulation.failure_rate must be a number from 0 to 1, got None"),
        ({"job_type": "x"}, "simulation.job_type cannot be set by a job; only processing_time_s"),
    ],
    ids=str,
)
async def test_a_wrong_override_is_refused_by_name(override: object, message: str) -> None:
    assert (await refusal({"simulation": override})).startswith(message)


@pytest.mark.parametrize("payload", [{}, graph_of()], ids=["plain", "graph"])
async def test_a_job_drawn_to_fail_fails_in_the_middle(payload: dict[str, Any]) -> None:
    told: list[Progress] = []
    work = Work(job_id="j", attempt=1, type="simulation", payload=payload)
    simulation = Simulation(evolve(AT_ONCE, failure_rate=0.1), draw=lambda: 0.0999)
    with pytest.raises(ConnectorError, match="failed this job on purpose") as caught:
        await simulation.run(work, told.append)
    assert caught.value.error_class is ErrorClass.INTERNAL
    assert 30 < told[-1].percent <= 50


async def test_a_job_drawn_at_the_failure_rate_is_spared() -> None:
    result, _ = await run({}, evolve(AT_ONCE, failure_rate=0.1), draw=0.1)
    assert result.data["simulated"]


async def test_a_job_without_steps_can_fail_too() -> None:
    with pytest.raises(ConnectorError):
        await run({}, evolve(AT_ONCE, steps=0, failure_rate=1))


@pytest.mark.parametrize("payload", [{}, graph_of()], ids=["plain", "graph"])
async def test_cancellation_ends_a_long_job_at_once(payload: dict[str, Any]) -> None:
    running = asyncio.Event()
    work = Work(job_id="j", attempt=1, type="simulation", payload=payload)
    settings = evolve(AT_ONCE, processing_time_s=80_000, progress_interval_ms=1)
    task = asyncio.create_task(Simulation(settings).run(work, lambda _: running.set()))
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_example_is_run_node_by_node() -> None:
    example = json.loads((ROOT / "examples" / "txt2img.json").read_text())
    result, told = await run({"workflow": example})
    titles = [progress.node_title for progress in told]
    assert list(dict.fromkeys(titles)) == [
        "Load Checkpoint",
        "Empty Latent Image",
        "Positive Prompt",
        "Negative Prompt",
        "KSampler",
        "VAE Decode",
        "Save Image",
    ]
    assert [p.step for p in told if p.node == "3"] == [None, *range(1, 21)]
    assert [p.steps for p in told if p.node == "3"] == [20] * 21
    assert all(earlier.percent <= later.percent for earlier, later in pairwise(told))
    assert result.data == {
        "outputs": {
            "9": {"images": [{"filename": "emp_00001_.png", "subfolder": "", "type": "output"}]}
        },
        "seed": 156680208700286,
        "width": 512,
        "height": 512,
        "steps": 20,
    }


async def test_the_file_is_the_picture_of_the_workflow_and_holds_its_graph() -> None:
    graph = graph_of(seed=2**64 - 1)
    result, _ = await run({"prompt": graph})
    (file,) = result.files
    assert (file.filename, file.mime_type) == ("cat_00001_.png", "image/png")
    assert isinstance(file.content, bytes)
    image = Image.open(BytesIO(file.content))
    assert image.tobytes() == picture.paint(2**64 - 1, "", 64, 48).tobytes()
    assert json.loads(image.info["prompt"]) == graph


async def test_each_step_of_a_sampler_shows_a_small_preview() -> None:
    _, told = await run(graph_of(latent={"width": 1024, "height": 512}, steps=3))
    previews = [progress.preview for progress in told if progress.step]
    images = [Image.open(BytesIO(preview.content)) for preview in previews if preview]
    assert [(image.format, image.size) for image in images] == [("JPEG", (256, 128))] * 3
    assert {preview.mime_type for preview in previews if preview} == {"image/jpeg"}


async def test_pictures_are_painted_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    paint = picture.paint

    def watched(*args: Any) -> Image.Image:
        threads.append(threading.get_ident())
        return paint(*args)

    monkeypatch.setattr(picture, "paint", watched)
    await run(graph_of())
    assert len(threads) == 2  # the preview and the picture
    assert threading.get_ident() not in threads


async def test_a_batch_gives_differing_pictures_from_seeds_that_follow_on() -> None:
    batch, _ = await run(graph_of(latent={"batch_size": 3}))
    single, _ = await run(graph_of(seed=9))
    assert [file.filename for file in batch.files] == [f"cat_0000{i}_.png" for i in (1, 2, 3)]
    assert len({file.content for file in batch.files}) == 3
    images = [
        Image.open(BytesIO(f.content))
        for f in (batch.files[2], single.files[0])
        if isinstance(f.content, bytes)
    ]
    assert images[0].tobytes() == images[1].tobytes()


async def test_saving_nodes_with_one_prefix_count_on() -> None:
    graph = graph_of() | {"z": node("SaveImage", filename_prefix="x/cat", images=["sample", 0])}
    result, _ = await run(graph)
    names = {
        node_id: [image["filename"] for image in output["images"]]
        for node_id, output in result.data["outputs"].items()
    }
    assert names == {"save": ["cat_00001_.png"], "z": ["cat_00002_.png"]}


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("fleet/job 7/out", "out_00001_.png"),
        ("..\\..\\évil cat", "évil_cat_00001_.png"),
        ("../..", "ComfyUI_00001_.png"),
        (["sample", 0], "ComfyUI_00001_.png"),
        (None, "ComfyUI_00001_.png"),
    ],
    ids=str,
)
async def test_the_file_name_is_the_safe_part_of_the_prefix(prefix: object, name: str) -> None:
    graph = graph_of()
    graph["save"]["inputs"]["filename_prefix"] = prefix
    result, _ = await run(graph)
    assert [file.filename for file in result.files] == [name]


@given(st.text())
def test_no_prefix_leaves_the_folder_or_makes_a_name_too_long(prefix: str) -> None:
    graph = graph_of()
    graph["save"]["inputs"]["filename_prefix"] = prefix
    (name,) = plan(graph, default_steps=1).names["save"]
    assert Path(name).name == name
    assert not name.startswith(".")
    assert len(name.encode()) <= 255


async def test_a_graph_that_saves_nothing_has_no_outputs() -> None:
    graph = graph_of()
    del graph["save"]
    result, _ = await run(graph)
    assert result.data["outputs"] == {}
    assert result.files == ()


async def test_a_graph_without_sampler_takes_the_settings_steps() -> None:
    result, told = await run({"1": node("SaveImage")}, evolve(AT_ONCE, steps=0))
    assert (result.data["steps"], result.data["width"]) == (0, 512)
    assert [progress.percent for progress in told] == [0]


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (graph_of(latent={"width": 0}), "width must be from 1 to 4096, got 0"),
        (graph_of(latent={"height": 4097}), "height must be from 1 to 4096, got 4097"),
        (graph_of(latent={"batch_size": 17}), "batch_size must be from 1 to 16, got 17"),
        (graph_of(steps=1001), "node 'sample': steps must be from 1 to 1000, got 1001"),
        (graph_of(steps=0), "node 'sample': steps must be from 1 to 1000, got 0"),
        (graph_of(seed=2**64), "seed must be from 0 to 18446744073709551615"),
        (graph_of(seed="lucky"), "node 'sample': input 'seed' must be a whole number"),
        (graph_of(latent={"width": ["save", 0]}), "the graph has a cycle"),
        ({"workflow": {"nodes": [], "links": []}}, "workflow: this is a workflow in ComfyUI's UI"),
        ({"prompt": {"3": {"class_type": "A"}}}, "prompt: node '3': inputs must be an object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "graph",
)
async def test_what_cannot_be_run_is_refused_by_name(graph: dict[str, Any], message: str) -> None:
    assert (await refusal(graph)).startswith(message)
