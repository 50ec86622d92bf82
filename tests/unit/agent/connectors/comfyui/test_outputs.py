"""Finding files among the outputs of nodes."""

from typing import Any

from agent.connectors.comfyui.outputs import StoredFile, other_data, stored_files


def stored(node_id: str, filename: str, subfolder: str = "", kind: str = "output") -> StoredFile:
    return StoredFile(node_id=node_id, filename=filename, subfolder=subfolder, type=kind)


OUTPUTS: dict[str, Any] = {
    "1": {
        "images": [{"filename": "a.png", "subfolder": "s", "type": "output"}],
        "animated": [True],
    },
    "2": {
        "gifs": [{"filename": "v.mp4", "fullpath": "/private/v.mp4", "format": "video/h264-mp4"}]
    },
    "3": {"text": ["hello"], "deep": {"er": [[{"filename": "d.txt"}], 1, None]}},
    "4": {"images": [{"filename": "p.png", "type": "temp"}]},
    "5": {"again": [{"filename": "a.png", "subfolder": "s", "type": "output"}]},
}


def test_every_object_with_a_filename_is_a_file_whatever_its_key() -> None:
    files = stored_files(OUTPUTS)
    assert files[:3] == [stored("1", "a.png", "s"), stored("2", "v.mp4"), stored("3", "d.txt")]


def test_previews_are_left_out_when_something_was_saved() -> None:
    assert "temp" not in {file.type for file in stored_files(OUTPUTS)}


def test_previews_are_files_when_there_is_nothing_else() -> None:
    assert stored_files({"4": OUTPUTS["4"]}) == [stored("4", "p.png", kind="temp")]


def test_a_file_is_delivered_once() -> None:
    names = [file.filename for file in stored_files(OUTPUTS)]
    assert names.count("a.png") == 1


def test_what_is_no_file_stays_as_data() -> None:
    assert other_data(OUTPUTS) == {
        "1": {"animated": [True]},
        "3": {"text": ["hello"], "deep": {"er": [1, None]}},
    }


def test_no_outputs_are_no_data() -> None:
    assert other_data({}) == {}
