"""Frames of ComfyUI's event socket, decoded.

Binary frames are big-endian: a u32 kind, then for a legacy preview a u32 format and the
picture; for a preview with metadata a u32 length, that much JSON, and the picture.
"""

import json
import struct
from typing import Any

from attrs import frozen

from agent.connectors.answers import is_object

HELLO = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
"""Must be the first frame a client sends, to learn from previews which node they show."""

_PREVIEW = 1
_PREVIEW_WITH_METADATA = 4
_FORMATS = {1: "image/jpeg", 2: "image/png"}
_HEAD = struct.Struct(">II")


@frozen
class Event:
    """Something ComfyUI tells about a prompt; `prompt_id` is `None` when it tells of none."""

    kind: str
    data: dict[str, Any]

    @property
    def prompt_id(self) -> str | None:
        """The prompt this is about."""
        return self.data.get("prompt_id")

    @property
    def ends_prompt(self) -> bool:
        """Whether this is the last frame of its prompt: no node executes any more."""
        return self.kind == "executing" and self.data.get("node") is None


@frozen
class Picture:
    """A preview, or a picture of SaveImageWebsocket. Legacy frames name neither node nor prompt."""

    mime_type: str
    content: bytes
    node_id: str | None = None
    prompt_id: str | None = None


def decode(frame: str | bytes) -> Event | Picture | None:
    """Return what a frame says; `None` for kinds that say nothing about a run, and for garbage.

    The socket only hints, so a frame that cannot be read is worth no more than none.
    """
    try:
        return _event(frame) if isinstance(frame, str) else _picture(frame)
    except (ValueError, struct.error):
        return None


def _event(frame: str) -> Event | None:
    message = json.loads(frame)
    if not is_object(message) or not is_object(message.get("data")):
        return None
    return Event(str(message.get("type")), message["data"])


def _picture(frame: bytes) -> Picture | None:
    kind, number = _HEAD.unpack_from(frame)
    rest = frame[_HEAD.size :]
    if kind == _PREVIEW and number in _FORMATS:
        return Picture(_FORMATS[number], rest)
    if kind == _PREVIEW_WITH_METADATA:
        return _picture_with_metadata(rest[:number], rest[number:])
    return None


def _picture_with_metadata(metadata: bytes, content: bytes) -> Picture | None:
    facts = json.loads(metadata)
    if not is_object(facts):
        return None
    return Picture(
        str(facts.get("image_type", "image/jpeg")),
        content,
        facts.get("display_node_id") or facts.get("node_id"),
        facts.get("prompt_id"),
    )
