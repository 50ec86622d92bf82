"""Which files are models, and where they lie."""

from pathlib import Path

import pytest

from agent.models import files as files_module
from agent.models import folders
from agent.models.files import look, stamp_of
from agent.settings import AgentSettings


def put(root: Path, name: str, content: bytes = b"x") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_weights_are_found_below_the_folders_by_their_names(tmp_path: Path) -> None:
    put(tmp_path / "a", "checkpoints/xl/one.safetensors", b"12345")
    put(tmp_path / "a", "checkpoints/put_models_here")
    put(tmp_path / "b", "two.pt")
    found = look([tmp_path / "a", tmp_path / "b", tmp_path / "nowhere"])
    sizes = {name: each.stamp.size_bytes for name, each in found.items()}
    assert sizes == {"checkpoints/xl/one.safetensors": 5, "two.pt": 1}


def test_links_are_followed_and_never_for_ever(tmp_path: Path) -> None:
    root = tmp_path / "models"
    real = put(tmp_path / "store", "one.ckpt")
    root.mkdir()
    (root / "store").symlink_to(real.parent)
    (root / "file.ckpt").symlink_to(real)
    (real.parent / "up").symlink_to(root)
    (root / "broken.ckpt").symlink_to(tmp_path / "gone")
    assert sorted(look([root])) == ["file.ckpt", "store/one.ckpt"]


def test_of_two_with_one_name_the_first_counts(tmp_path: Path) -> None:
    put(tmp_path / "a", "one.pt", b"1")
    put(tmp_path / "b", "one.pt", b"12")
    assert look([tmp_path / "b", tmp_path / "a"])["one.pt"].stamp.size_bytes == 2


def test_more_than_a_hub_takes_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(files_module, "MAX_MODEL_FILES", 2)
    for name in ("a.pt", "b.pt", "c.pt"):
        put(tmp_path, name)
    assert list(look([tmp_path])) == ["a.pt", "b.pt"]
    assert "c.pt is left out" in caplog.text


def test_a_stamp_changes_with_the_content(tmp_path: Path) -> None:
    path = put(tmp_path, "a.pt")
    before = stamp_of(str(path))
    put(tmp_path, "a.pt", b"other")
    assert stamp_of(str(path)) != before
    assert stamp_of(str(tmp_path / "gone")) is None


def test_folders_are_those_of_the_engine_or_those_that_are_stated(tmp_path: Path) -> None:
    settings = AgentSettings(
        connectors=("comfyui", "a1111"), comfyui_dir=tmp_path, a1111_model_dirs=("/m", "/n")
    )
    assert folders(settings) == {
        "comfyui": (tmp_path / "models",), "a1111": (Path("/m"), Path("/n")),
    }  # fmt: skip
    assert folders(AgentSettings(comfyui_dir=tmp_path)) == {}
    assert folders(AgentSettings(connectors=("a1111",))) == {}
