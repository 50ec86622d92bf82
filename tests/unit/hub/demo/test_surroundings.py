"""What the demo finds around it."""

import json
import socket
from pathlib import Path

import pytest

from hub.demo.errors import DemoError
from hub.demo.surroundings import comfyui_answers, read_workflow, shown
from tests.fakes.comfyui import FakeComfyUI
from tests.fakes.rest_hub import RestHub, serving


def test_a_workflow_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps({"1": {"seed": 2**64 - 1}}))
    assert read_workflow(path) == {"1": {"seed": 2**64 - 1}}


def test_a_missing_workflow_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"none\.json cannot be read \(No such file.*--workflow"):
        read_workflow(tmp_path / "none.json")


def test_a_workflow_that_is_no_json_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG")
    with pytest.raises(DemoError, match=r"picture\.png is not .*Export \(API\)"):
        read_workflow(path)


async def test_a_comfyui_is_known_by_its_system_stats() -> None:
    async with FakeComfyUI().listening() as fake:
        assert await comfyui_answers(fake.url)
        assert await comfyui_answers(f"{fake.url}/")


async def test_what_tells_no_system_stats_is_no_comfyui() -> None:
    async with serving(RestHub()) as hub:
        assert not await comfyui_answers(hub.url)


async def test_a_silent_address_is_no_comfyui() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert not await comfyui_answers(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("url", ["", "gpu", "http://[", "file:///etc"])
async def test_an_address_that_is_none_is_no_comfyui(url: str) -> None:
    assert not await comfyui_answers(url)


def test_a_path_is_shown_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "examples" / "w.json") == Path("examples/w.json")
    assert shown(Path("w.json")) == Path("w.json")
    assert shown(Path("/elsewhere/w.json")) == Path("/elsewhere/w.json")
