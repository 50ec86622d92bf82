"""Files in and out: given by content, of every kind, and large ones by way of the disk."""

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from agent.connectors.base import ConnectorError, InputFile
from agent.connectors.comfyui import ComfyUI
from agent.connectors.spooling import IN_MEMORY_BYTES
from shared.states import ErrorClass
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.comfyui_outputs import OUTPUTS
from tests.fakes.comfyui_worker import PNG
from tests.integration.agent.comfyui.workflows import JOB, graph, run, work
from tests.support.reports import Reports

LOADING: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "photo.png"}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}


@pytest.fixture
def photo(tmp_path: Path) -> InputFile:
    (tmp_path / "0").write_bytes(PNG)
    return InputFile("photo.png", tmp_path / "0")


async def test_a_file_that_the_job_is_given_lies_where_its_graph_says(
    fake: FakeComfyUI, comfy: ComfyUI, photo: InputFile
) -> None:
    result = await comfy.run(evolve(work(LOADING), inputs=(photo,)), Reports())
    assert len(result.files) == 1
    (given,) = [key for key in fake.worker.files if key[0] == "input"]
    assert fake.worker.files[given] == PNG
    assert given[1].startswith(f"emp/{JOB}/1/")
    (ran,) = fake.worker.graphs
    assert ran["1"]["inputs"]["image"] == f"{given[1]}/photo.png"


async def test_a_file_that_no_node_takes_is_refused(comfy: ComfyUI, photo: InputFile) -> None:
    with pytest.raises(
        ConnectorError, match=r"inputs: no input of a node is 'photo\.png'"
    ) as caught:
        await comfy.run(evolve(work(graph()), inputs=(photo,)), Reports())
    assert caught.value.error_class is ErrorClass.VALIDATION


async def test_a_file_that_is_too_large_for_comfyui_is_told(
    fake: FakeComfyUI, comfy: ComfyUI, photo: InputFile
) -> None:
    fake.traps.largest_upload = 3
    with pytest.raises(ConnectorError, match=r"photo\.png is larger than .* --max-upload-size"):
        await comfy.run(evolve(work(LOADING), inputs=(photo,)), Reports())


async def test_a_file_that_is_refused_otherwise_is_told(
    fake: FakeComfyUI, comfy: ComfyUI, photo: InputFile
) -> None:
    given = evolve(work(LOADING, job_id=".."), inputs=(photo,))
    with pytest.raises(ConnectorError, match=r"answered 400 to the input photo\.png"):
        await comfy.run(given, Reports())
    await fake.crash()
    with pytest.raises(ConnectorError, match=r"did not take the input photo\.png") as caught:
        await comfy.run(evolve(work(LOADING), inputs=(photo,)), Reports())
    assert caught.value.error_class is ErrorClass.ENGINE_CRASH


@pytest.mark.parametrize("saver", OUTPUTS)
async def test_no_kind_of_output_is_lost(comfy: ComfyUI, saver: str) -> None:
    inputs = {"source": ["8", 0], "filename_prefix": "sub/x"}
    result = await run(comfy, graph(class_type=saver, inputs=inputs))
    (file,) = result.files
    assert file.content == saver.encode()
    told = {key: row for key, row in OUTPUTS[saver].items() if "$" not in str(row)}
    assert result.data["outputs"] == ({"9": told} if told else {})


async def test_a_large_file_comes_by_way_of_the_disk(fake: FakeComfyUI, comfy: ComfyUI) -> None:
    fake.traps.padding = bytes(3 * IN_MEMORY_BYTES)
    inputs = {"source": ["8", 0], "filename_prefix": "x"}
    result = await run(comfy, graph(class_type="SaveVideo", inputs=inputs))
    (file,) = result.files
    assert file.is_temporary
    assert isinstance(file.content, Path)
    assert file.content.read_bytes() == b"SaveVideo" + fake.traps.padding
    result.discard()
    assert not file.content.exists()


async def test_models_are_named_as_a_windows_machine_lists_them(
    fake: FakeComfyUI, comfy: ComfyUI
) -> None:
    fake.system["os"] = "nt"
    await comfy.close()
    await comfy.open()
    nodes = graph()
    nodes["4"]["inputs"]["ckpt_name"] = "sub/c.safetensors"
    with pytest.raises(ConnectorError) as caught:
        await run(comfy, nodes)
    assert r"ckpt_name 'sub\\c.safetensors' is not on this worker" in caught.value.message
