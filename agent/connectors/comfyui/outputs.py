"""What a prompt put out: its files, fetched, and the rest, kept as data.

A node reports what it likes under any key; every object with a `filename` is a file.
"""

from collections.abc import Container, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from attrs import field, frozen

from agent.connectors.answers import is_array, is_object
from agent.connectors.base import ConnectorError, OutputFile, Result
from agent.connectors.comfyui.engine import Engine

_OK = 200


@frozen(kw_only=True)
class StoredFile:
    """A file where ComfyUI keeps it. `type` is output, or temp for mere previews."""

    node_id: str = field(eq=False)
    filename: str
    subfolder: str
    type: str

    @property
    def is_preview(self) -> bool:
        """Whether ComfyUI keeps it for a while only."""
        return self.type == "temp"

    def query(self) -> dict[str, str]:
        """Return the parameters of GET /view."""
        return {"filename": self.filename, "subfolder": self.subfolder, "type": self.type}


def stored_files(outputs: dict[str, Any]) -> list[StoredFile]:
    """Return the files to deliver, in order and once each: previews only if there is no other."""
    found = list(dict.fromkeys(_walk(outputs)))
    return [file for file in found if not file.is_preview] or found


def other_data(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs by node id without the files and what is empty without them."""
    return _prune(outputs) or {}


async def fetched(engine: Engine, file: StoredFile, name: str) -> OutputFile:
    """Read a file. Raises `ConnectorError` when it is missing or empty, and leaves nothing."""
    answer = await engine.view(file.query())
    is_temporary = isinstance(answer.content, Path)
    found = OutputFile(
        filename=name,
        mime_type=answer.media_type,
        content=answer.content,
        is_temporary=is_temporary,
    )
    if answer.status != _OK or not answer.size_bytes:
        Result(files=(found,)).discard()
        raise ConnectorError(
            f"node {file.node_id} reported {file.subfolder}/{file.filename}, but ComfyUI "
            f"answered {answer.status} with {answer.size_bytes} bytes for it",
        )
    return found


def _walk(outputs: dict[str, Any]) -> Iterator[StoredFile]:
    for node_id, output in outputs.items():
        for found in _file_objects(output):
            yield StoredFile(
                node_id=node_id,
                filename=found["filename"],
                subfolder=found.get("subfolder") or "",
                type=found.get("type") or "output",
            )


def _is_file(value: object) -> bool:
    return is_object(value) and isinstance(value.get("filename"), str)


def _file_objects(value: object) -> Iterator[dict[str, Any]]:
    if is_object(value):
        if _is_file(value):
            yield value
            return
        value = list(value.values())
    for item in value if is_array(value) else ():
        yield from _file_objects(item)


def _prune(value: Any) -> Any:
    """Return a JSON value without files; `None` when nothing else was in it."""
    if _is_file(value):
        return None
    if is_object(value):
        return {
            key: kept for key, item in value.items() if _keeps(item, kept := _prune(item))
        } or None
    if is_array(value):
        return [kept for item in value if _keeps(item, kept := _prune(item))] or None
    return value


def _keeps(before: Any, pruned: Any) -> bool:
    return pruned is not None or before is None


def free_name(file: StoredFile, taken: Container[str]) -> str:
    """Return the bare file name; with the node's id before it when another node has taken it."""
    name = PurePosixPath(file.filename.replace("\\", "/")).name
    while name in taken:
        name = f"{file.node_id}_{name}"
    return name
