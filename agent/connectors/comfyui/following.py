"""Following one prompt to its end.

The socket tells what is going on and hints at the end; the history and the queue, asked every
few seconds, decide. A socket can go deaf and never says what it missed.
"""

import asyncio
from collections.abc import AsyncIterable
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed

from agent.connectors.answers import is_object
from agent.connectors.base import ConnectorError, OutputFile, Report
from agent.connectors.comfyui.collecting import Collector
from agent.connectors.comfyui.engine import Engine
from agent.connectors.comfyui.events import Event, Picture, decode
from agent.connectors.comfyui.progress import GraphProgress
from agent.connectors.comfyui.prompt import Prompt
from agent.connectors.comfyui.settings import ComfyUISettings
from shared.states import ErrorClass

SOCKET_SAVER = "SaveImageWebsocket"


class HungError(ConnectorError):
    """The prompt runs and nothing moves; it is still in ComfyUI."""


class Follower:
    """Follows one accepted prompt. Pictures that came over the socket are in `files`."""

    def __init__(
        self,
        engine: Engine,
        prompt: Prompt,
        settings: ComfyUISettings,
        report: Report,
        collector: Collector,
    ) -> None:
        self.files: list[OutputFile] = []
        self._engine = engine
        self._prompt = prompt
        self._settings = settings
        self._report = report
        self._collector = collector
        self._progress = GraphProgress(prompt.graph)
        self._look = asyncio.Event()  # the socket hints that it is worth asking now
        self._drained = asyncio.Event()  # the last frame of the prompt has been read
        self._moved_at = 0.0

    @property
    def has_heard_the_end(self) -> bool:
        """Whether the socket has told all there was to tell of the prompt."""
        return self._drained.is_set()

    async def follow(self, frames: AsyncIterable[str | bytes]) -> dict[str, Any]:
        """Return the history entry of the prompt once it has ended, well or not.

        Raises `HungError`, and `ConnectorError` when ComfyUI or the prompt in it is lost.
        """
        listening = asyncio.create_task(self._listen(frames), name=f"listen {self._prompt.id}")
        try:
            entry = await self._ended()
            if self._saves_over_socket():
                await _wait(self._drained, self._settings.grace_s)
            return entry
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):  # the one just asked for
                await listening

    def check_files(self) -> None:
        """Raise `ConnectorError` when pictures meant for the socket did not come through it."""
        if self._saves_over_socket() and not self.files:
            raise ConnectorError(
                f"{SOCKET_SAVER} sends its pictures only over the event socket, and none came "
                "through; the socket was lost. Save with SaveImage to be safe from that",
                error_class=ErrorClass.NETWORK,
            )

    async def _listen(self, frames: AsyncIterable[str | bytes]) -> None:
        with suppress(ConnectionClosed):  # asking goes on without it
            async for frame in frames:
                match decode(frame):
                    case Event() as event if event.prompt_id == self._prompt.id:
                        self._take_event(event)
                    case Picture() as picture if self._is_mine(picture):
                        self._take_picture(picture)
                    case _:
                        pass

    async def _ended(self) -> dict[str, Any]:
        self._moved_at = _now()
        while True:
            await _wait(self._look, self._settings.poll_interval_s)
            self._look.clear()
            entry = await self._engine.result(self._prompt)
            if entry is not None:
                return entry
            await self._check_alive()

    async def _check_alive(self) -> None:
        place = await self._engine.place(self._prompt)
        if place is None and await self._engine.result(self._prompt) is None:
            raise ConnectorError(
                "the prompt vanished from ComfyUI's queue and history: ComfyUI was restarted, "
                "or somebody cleared its queue",
                error_class=ErrorClass.ENGINE_CRASH,
            )
        if place is None or not place.running:
            self._moved_at = _now()  # others are before it: that is no hang
        elif _now() - self._moved_at > self._settings.workflow_timeout_s:
            raise HungError(
                f"node {self._progress.node} made no progress for "
                f"{self._settings.workflow_timeout_s:g} s",
                error_class=ErrorClass.HANG,
            )

    def _take_event(self, event: Event) -> None:
        self._moved_at = _now()
        progress = self._progress.follow(event)
        if progress is not None:
            self._report(progress)
        if event.kind == "executed" and is_object(output := event.data.get("output")):
            self._collector.begin({str(event.data.get("node")): output})
        if event.ends_prompt:
            self._drained.set()
            self._look.set()

    def _is_mine(self, picture: Picture) -> bool:
        # A legacy frame names no prompt, but ComfyUI runs one at a time.
        if picture.prompt_id is None:
            return self._progress.node is not None
        return picture.prompt_id == self._prompt.id

    def _take_picture(self, picture: Picture) -> None:
        self._moved_at = _now()
        node_id = self._progress.owner(picture.node_id) or self._progress.node
        if node_id in self._prompt.graph and self._saver(node_id):
            name = f"{node_id}_{len(self.files) + 1:05}.{picture.mime_type.partition('/')[2]}"
            file = OutputFile(filename=name, mime_type=picture.mime_type, content=picture.content)
            self.files.append(file)
            self._collector.hand_in(file)
        else:
            self._report(self._progress.picture(picture))

    def _saves_over_socket(self) -> bool:
        return any(map(self._saver, self._prompt.graph))

    def _saver(self, node_id: str) -> bool:
        return self._prompt.graph[node_id]["class_type"] == SOCKET_SAVER


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    """Wait for the event, at most so long."""
    with suppress(TimeoutError):  # both ways it is time to go on
        async with asyncio.timeout(timeout_s):
            await event.wait()
