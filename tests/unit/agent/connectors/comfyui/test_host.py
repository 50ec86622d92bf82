"""What is known of the machine that a ComfyUI runs on."""

from pathlib import Path
from typing import Any

import pytest

from agent.connectors.comfyui.host import Host

URL = "http://127.0.0.1:8188"


def loading(name: str, **more: str) -> dict[str, Any]:
    return {"4": {"class_type": "Loader", "inputs": {"ckpt_name": name, **more}}}


@pytest.mark.parametrize("system", ["nt", "win32"])
def test_models_are_named_as_windows_does(system: str) -> None:
    host = Host.of({"os": system, "argv": ["main.py"]}, URL)
    more = {"image": "emp/1/in.png", "url": "https://h/a.safetensors"}
    adapted = host.adapted(loading("sdxl/base.safetensors", **more))
    assert adapted == loading("sdxl\\base.safetensors", **more)
    assert host.folders == ()


def test_models_are_named_as_everybody_else_does() -> None:
    graph = loading("sdxl\\base.safetensors")
    assert Host.of({}, URL).adapted(graph) == loading("sdxl/base.safetensors")


@pytest.fixture
def argv(tmp_path: Path) -> list[str]:
    (tmp_path / "output").mkdir()
    (tmp_path / "in").mkdir()
    return [str(tmp_path / "main.py"), "--input-directory", str(tmp_path / "in")]


def test_folders_are_told_by_the_options_or_lie_beside_the_program(
    argv: list[str], tmp_path: Path
) -> None:
    host = Host.of({"argv": argv}, URL)
    assert set(host.folders) == {tmp_path / "output", tmp_path / "in"}
    base = [*argv[:1], "--base-directory", str(tmp_path)]
    assert Host.of({"argv": base}, URL).folders == (tmp_path / "output",)


@pytest.mark.parametrize("argv", [["main.py"], [], ["/srv/nowhere/main.py"], None])
def test_folders_that_cannot_be_found_are_left_alone(argv: list[str] | None) -> None:
    assert Host.of({"argv": argv}, URL).folders == ()


def test_another_machine_keeps_its_folders(argv: list[str]) -> None:
    assert Host.of({"argv": argv}, "http://gpu.example.com:8188").folders == ()


def test_what_a_job_left_is_removed_and_nothing_else(argv: list[str], tmp_path: Path) -> None:
    host = Host.of({"argv": argv}, URL)
    mine, other = tmp_path / "output" / "emp" / "j" / "1", tmp_path / "in" / "emp" / "k" / "1"
    for folder in (mine, other):
        folder.mkdir(parents=True)
        (folder / "a.png").touch()
    host.clear("emp/j/1")
    left = sorted(each.name for each in tmp_path.rglob("*") if each.is_dir())
    assert left == ["1", "emp", "in", "k", "output"]
    host.clear("emp/../..")
    host.clear("/")
    assert other.is_dir()
