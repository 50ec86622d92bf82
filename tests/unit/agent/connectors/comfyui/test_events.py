"""Frames of the event socket."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.connectors.comfyui.events import Event, Picture, decode


def with_metadata(metadata: object, content: bytes = b"picture") -> bytes:
    head = json.dumps(metadata).encode()
    return struct.pack(">II", 4, len(head)) + head + content


def test_a_text_frame_is_an_event_of_its_prompt() -> None:
    event = decode('{"type": "executing", "data": {"node": "3", "prompt_id": "p"}}')
    assert event == Event("executing", {"node": "3", "prompt_id": "p"})
    assert isinstance(event, Event)
    assert (event.prompt_id, event.ends_prompt) == ("p", False)


def test_executing_nothing_ends_the_prompt() -> None:
    event = decode('{"type": "executing", "data": {"node": null, "prompt_id": "p"}}')
    assert isinstance(event, Event)
    assert event.ends_prompt


def test_an_event_may_be_about_no_prompt() -> None:
    event = decode('{"type": "status", "data": {"status": {}}}')
    assert isinstance(event, Event)
    assert event.prompt_id is None


@pytest.mark.parametrize(("form", "mime_type"), [(1, "image/jpeg"), (2, "image/png")])
def test_a_legacy_preview_names_no_node(form: int, mime_type: str) -> None:
    assert decode(struct.pack(">II", 1, form) + b"picture") == Picture(mime_type, b"picture")


def test_a_preview_with_metadata_names_the_node_that_is_shown() -> None:
    facts = {"node_id": "2.0.0.1", "display_node_id": "2", "prompt_id": "p"}
    frame = with_metadata(facts | {"image_type": "image/png"})
    assert decode(frame) == Picture("image/png", b"picture", "2", "p")


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        '{"type": "status"}',
        '{"type": "status", "data": null}',
        b"\0\0\0\1",
        struct.pack(">II", 1, 9) + b"unknown format",
        struct.pack(">II", 3, 1) + b"1text",
        struct.pack(">II", 4, 99) + b"{",
        with_metadata([1]),
    ],
)
def test_a_frame_that_says_nothing_about_a_run_is_nothing(frame: str | bytes) -> None:
    assert decode(frame) is None


@given(st.binary() | st.text())
def test_no_frame_is_an_error(frame: str | bytes) -> None:
    assert decode(frame) is None or isinstance(decode(frame), Event | Picture)
