"""What a ComfyUI can be asked and told about one prompt."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from agent.connectors.answers import Answer, is_array, is_object
from agent.connectors.base import ConnectorError, InputFile
from agent.connectors.comfyui.catalog import choices_of, inputs_of
from agent.connectors.comfyui.prompt import Prompt
from shared.graphs import Graph
from shared.states import ErrorClass

if TYPE_CHECKING:
    from agent.connectors.http import Http
    from agent.connectors.spooling import Download

_OK = 200
_NOT_FOUND = 404
_NOT_ALLOWED = 405
_RECENT = "64"  # entries of the history; a prompt whose answer was lost is among the newest


@frozen
class Place:
    """Where a prompt waits or runs."""

    prompt_id: str
    running: bool
    graph: Graph = field(repr=False)


class Engine:
    """One ComfyUI. What is read raises `ConnectorError` once it is lost for good.

    What is told raises `NoAnswerError`: the caller knows whether it may be told twice.
    """

    def __init__(self, http: "Http") -> None:
        self._http = http

    async def system_stats(self) -> dict[str, Any]:
        """Return versions and devices."""
        return await self._object("/system_stats")

    async def object_info(self) -> dict[str, Any]:
        """Return every node class with its inputs."""
        return await self._object("/object_info")

    async def result(self, prompt: Prompt) -> dict[str, Any] | None:
        """Return the history entry of a prompt that has ended; `None` while it has not.

        `None` also for a prompt that ComfyUI has never seen or has forgotten.
        """
        return (await self._object(f"/history/{prompt.id}")).get(prompt.id)

    async def place(self, prompt: Prompt) -> Place | None:
        """Return where the prompt is in the queue, if it is there."""
        queue = await self._object("/queue")
        for key, running in (("queue_running", True), ("queue_pending", False)):
            for row in queue.get(key, ()):
                if prompt.owns(row):
                    return Place(row[1], running, row[2])
        return None

    async def left(self, prompt: Prompt) -> Prompt | None:
        """Return the prompt as it waits, runs or has ended, with its graph; `None` if unknown."""
        # In this order: a prompt moves from the queue to the history, never back.
        if place := await self.place(prompt):
            return evolve(prompt, id=place.prompt_id, graph=place.graph)
        entry = await self.result(prompt)
        return evolve(prompt, graph=entry["prompt"][2]) if entry else None

    async def find(self, prompt: Prompt) -> str | None:
        """Return the id under which the prompt waits, runs or has ended; `None` if unknown."""
        # A prompt moves from the queue to the history in one step, never back.
        place = await self.place(prompt)
        if place is not None:
            return place.prompt_id
        history = await self._object("/history", max_items=_RECENT)
        rows = (entry["prompt"] for entry in history.values())
        return next((row[1] for row in rows if is_array(row) and prompt.owns(row)), None)

    async def submit(self, prompt: Prompt) -> Answer:
        """Post the prompt. Without an answer it may have been queued nevertheless."""
        return await self._http.post("/prompt", prompt.body())

    async def cancel(self, place: Place) -> None:
        """Ask once to stop or drop a prompt; it may take effect late, or not at all."""
        answer = await self._http.post(f"/api/jobs/{place.prompt_id}/cancel", {})
        if answer.status not in {_NOT_FOUND, _NOT_ALLOWED}:
            return
        if place.running:
            # Before 0.3.56 the id is ignored and whatever runs is stopped: hence only if it runs.
            await self._http.post("/interrupt", {"prompt_id": place.prompt_id})
        else:
            await self._http.post("/queue", {"delete": [place.prompt_id]})

    async def forget(self, prompt: Prompt) -> None:
        """Drop the history entry: it holds the whole graph, in memory, until a restart."""
        await self._http.post("/history", {"delete": [prompt.id]})

    async def view(self, file: dict[str, str]) -> "Download":
        """Read a file that a node has written; a large one comes to disk."""
        return await self._http.download("/view", **file)

    async def upload(self, file: InputFile, folder: str) -> Answer:
        """Put a file where nodes that load files look for it."""
        name = PurePosixPath(file.name.replace("\\", "/")).name
        fields = {"type": "input", "subfolder": folder, "overwrite": "true"}
        return await self._http.post_file("/upload/image", "image", name, file.path, fields)

    async def choices(self, class_type: str, name: str) -> list[Any]:
        """Return what an input of a node class may be; nothing when it is not a choice."""
        found = await self._object(f"/object_info/{class_type}")
        inputs = inputs_of(found.get(class_type))
        return choices_of(next((each[name] for each in inputs if name in each), None))

    async def _object(self, path: str, **params: str) -> dict[str, Any]:
        answer = await self._http.read(path, **params)
        body = answer.json()
        if answer.status != _OK or not is_object(body):
            raise ConnectorError(
                f"{self._http.url}{path} answered {answer.status} {answer.excerpt()!r}, which is "
                "not what ComfyUI answers; check the url, username and password",
                error_class=ErrorClass.NETWORK,
            )
        return body
