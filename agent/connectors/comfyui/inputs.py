"""The files that a job is given, brought into ComfyUI and named in its graph."""

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from agent.connectors.answers import NoAnswerError, is_object
from agent.connectors.base import ConnectorError, InputFile
from agent.connectors.comfyui.engine import Engine
from agent.connectors.comfyui.prompt import Prompt
from shared.graphs import Graph
from shared.states import ErrorClass

_OK = 200
_TOO_LARGE = 413


async def hand_over(engine: Engine, prompt: Prompt, files: Sequence[InputFile]) -> Prompt:
    """Upload the files into a folder of this attempt; return the prompt naming them there.

    Raises `ConnectorError` for a file that no node takes, and one that ComfyUI does not.
    """
    for file in files:
        if not any(file.name in node["inputs"].values() for node in prompt.graph.values()):
            raise ConnectorError(
                f"inputs: no input of a node is {file.name!r}; write that name where the workflow "
                "names the file, as in a LoadImage node's image",
                error_class=ErrorClass.VALIDATION,
            )
    names = {file.name: await _uploaded(engine, prompt.folder, file) for file in files}
    return evolve(prompt, graph=_renamed(prompt.graph, names)) if names else prompt


async def _uploaded(engine: Engine, folder: str, file: InputFile) -> str:
    """Return the name by which nodes find it."""
    try:
        answer = await engine.upload(file, folder)
    except NoAnswerError as error:
        raise ConnectorError(
            f"ComfyUI did not take the input {file.name}: {error}",
            error_class=ErrorClass.ENGINE_CRASH,
        ) from error
    body = answer.json()
    if answer.status == _TOO_LARGE:
        raise ConnectorError(
            f"the input {file.name} is larger than ComfyUI's --max-upload-size",
            error_class=ErrorClass.VALIDATION,
        )
    if answer.status != _OK or not is_object(body):
        raise ConnectorError(
            f"ComfyUI answered {answer.status} to the input {file.name}: {answer.excerpt()}"
        )
    return f"{body['subfolder']}/{body['name']}".replace("\\", "/")  # the name may be another


def _renamed(graph: Graph, names: dict[str, str]) -> Graph:
    return {
        node_id: node
        | {"inputs": {key: _name(value, names) for key, value in node["inputs"].items()}}
        for node_id, node in graph.items()
    }


def _name(value: Any, names: dict[str, str]) -> Any:
    return names.get(value, value) if isinstance(value, str) else value
