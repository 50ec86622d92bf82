"""A job as the prompt that ComfyUI is asked to run."""

from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

from attrs import field, frozen

from agent.connectors.base import ConnectorError, Work
from shared.graphs import Graph, GraphError, execution_order, find_graph
from shared.states import ErrorClass


def _new_id() -> str:
    # ComfyUI takes nothing but a lowercase hyphenated UUID.
    return str(uuid4())


@frozen(kw_only=True)
class Prompt:
    """One submission of one attempt."""

    graph: Graph
    folder: str  # where its files lie, in ComfyUI's folders of output and input
    tag: dict[str, Any]  # job and attempt: kept by ComfyUI, even by one that mints its own ids
    id: str = field(factory=_new_id)
    client_id: str = ""  # whose socket is told of it
    is_known: bool = False  # to ComfyUI: an earlier agent has submitted it

    def body(self) -> dict[str, Any]:
        """Return the body of POST /prompt."""
        return {
            "prompt": self.graph,
            "prompt_id": self.id,
            "client_id": self.client_id,
            "extra_data": {"emp": self.tag},
        }

    def owns(self, row: list[Any]) -> bool:
        """Whether a row of the queue or the history, `[number, id, graph, extra_data, …]`, is it.

        The tag decides too: before an answer has come, the id of an old ComfyUI is unknown.
        """
        return row[1] == self.id or row[3].get("emp") == self.tag


def make_prompt(work: Work) -> Prompt:
    """Return the prompt for a job. Raises `ConnectorError` for a payload without a sound graph."""
    prompt_id = _new_id()
    folder = f"emp/{work.job_id}/{work.attempt}/{prompt_id[:8]}"
    try:
        graph = find_graph(work.payload)
        execution_order(graph)
        graph = _with_own_folder(graph, folder)
    except GraphError as error:
        raise ConnectorError(str(error), error_class=ErrorClass.VALIDATION) from error
    return Prompt(
        id=prompt_id,
        graph=graph,
        folder=folder,
        tag={"job_id": work.job_id, "attempt": work.attempt},
    )


def _with_own_folder(graph: Graph, folder: str) -> Graph:
    """Return the graph saving under `folder`.

    ComfyUI counts files on, from the highest number on disk; in a shared folder a name comes
    back once its file is deleted, and a cached node then reports another job's picture.
    """
    return {node_id: _saving_under(folder, node_id, node) for node_id, node in graph.items()}


def _saving_under(folder: str, node_id: str, node: dict[str, Any]) -> dict[str, Any]:
    prefix = node["inputs"].get("filename_prefix")
    if not isinstance(prefix, str):
        return node
    path = PurePosixPath(prefix.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise GraphError(
            f"node {node_id!r}: filename_prefix {prefix!r} leaves the output folder; "
            "use a name without a leading slash and without '..'"
        )
    return node | {"inputs": node["inputs"] | {"filename_prefix": f"{folder}/{prefix}"}}
