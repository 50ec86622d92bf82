"""Workflows that end well."""

import asyncio
import json

import pytest

from agent.connectors.comfyui import ComfyUI
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.comfyui_worker import PNG
from tests.integration.agent.comfyui.workflows import JOB, SAVE, graph, run
from tests.support.reports import Reports


async def test_a_workflow_ends_with_its_file_and_nothing_left_behind(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    result = await run(comfy, graph())
    await comfy.tidied()
    (file,) = result.files
    assert (file.filename, file.mime_type) == ("tom_00001_.png", "image/png")
    assert isinstance(file.content, bytes)
    assert file.content.startswith(PNG)
    ((_, folder, _),) = fake.worker.files
    assert folder.startswith(f"emp/{JOB}/1/")
    assert folder.endswith("/cats")
    assert fake.worker.history == {}
    assert result.data == {"outputs": {}}


async def test_progress_covers_the_whole_graph_and_names_its_nodes(comfy: ComfyUI) -> None:
    reports = Reports()
    await run(comfy, graph(), reports)
    percents = [report.percent for report in reports.seen]
    assert percents == sorted(percents)
    assert percents[-1] == 100.0
    half = next(report for report in reports.seen if report.step == 2)
    assert (half.node, half.node_title, half.message) == ("3", "Sampling", "Sampling 2/4")
    assert half.percent == pytest.approx(100 * (3 + 2) / 9)


@pytest.mark.parametrize("is_old", [False, True])
async def test_previews_of_both_forms_are_reported(
    *, fake: FakeComfyUI, comfy: ComfyUI, is_old: bool
) -> None:
    fake.traps.previews = True
    fake.traps.is_old = is_old
    reports = Reports()
    await run(comfy, graph(), reports)
    previews = [report.preview for report in reports.seen if report.preview]
    assert [(p.mime_type, p.content) for p in previews] == [("image/jpeg", b"jpeg")] * 4
    assert {report.node for report in reports.seen if report.preview} == {"3"}


async def test_an_old_comfyui_that_mints_its_own_ids_is_followed(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.is_old = True
    assert len((await run(comfy, graph())).files) == 1


@pytest.mark.parametrize("is_old", [False, True])
async def test_pictures_sent_over_the_socket_become_files(
    *, fake: FakeComfyUI, comfy: ComfyUI, is_old: bool
) -> None:
    fake.traps.is_old = is_old
    saver = {"class_type": "SaveImageWebsocket", "inputs": {"images": ["8", 0]}}
    (file,) = (await run(comfy, graph(**saver))).files
    assert (file.filename, file.content) == ("9_00001.png", PNG + b"9")


async def test_a_preview_is_delivered_only_when_nothing_was_saved(comfy: ComfyUI) -> None:
    preview = {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    (saved,) = (await run(comfy, graph() | {"10": preview})).files
    (previewed,) = (await run(comfy, graph(**preview))).files
    assert saved.filename == "tom_00001_.png"
    assert previewed.filename == "ComfyUI_temp_00002_.png"


async def test_text_stays_in_the_data_and_nan_becomes_null(comfy: ComfyUI) -> None:
    node = {"class_type": "PreviewAny", "inputs": {"source": ["8", 0]}}
    result = await run(comfy, graph(**node))
    assert result.data["outputs"]["9"]["text"] == ["seen"]
    assert "NaN" not in json.dumps(result.data)


async def test_equal_names_from_two_nodes_are_told_apart(comfy: ComfyUI) -> None:
    other = {"class_type": "SaveImage", "inputs": SAVE | {"filename_prefix": "dogs/tom"}}
    result = await run(comfy, graph() | {"12": other})
    assert [file.filename for file in result.files] == ["tom_00001_.png", "12_tom_00001_.png"]


async def test_success_is_not_believed_before_the_history_has_it(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.pause_at = "history"
    running = asyncio.create_task(run(comfy, graph()))
    await fake.worker.until(lambda: fake.worker.paused_at == "history")
    seen = len(fake.worker.requests)
    await fake.worker.until(lambda: len(fake.worker.requests) >= seen + 4)
    assert not running.done()
    await fake.worker.go_on()
    assert len((await running).files) == 1


async def test_the_nodes_of_a_subgraph_count_as_their_maker(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.traps.expands = "6"
    reports = Reports()
    await run(comfy, graph(), reports)
    assert {report.node for report in reports.seen} == {*graph(), None}
