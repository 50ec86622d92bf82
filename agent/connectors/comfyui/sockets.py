"""ComfyUI's event sockets: one that has told of a prompt to its end serves the next."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.protocol import State

from agent.connectors.base import ConnectorError
from agent.connectors.comfyui.events import HELLO
from agent.connectors.comfyui.settings import ComfyUISettings
from shared.states import ErrorClass

_PONG_TIMEOUT_S = 60.0  # loading a model holds up everything else in ComfyUI, for seconds
_MAX_FRAME_BYTES = 256 * 2**20  # a picture of SaveImageWebsocket is one frame


@define(eq=False)
class Line:
    """A socket and the id that its prompts are sent with. No other socket of this agent has that id.

    A second socket with the id of a first may stay deaf once ComfyUI sees that the first is gone.
    """

    client_id: str
    frames: ClientConnection
    is_good: bool = field(default=False, init=False)  # it has told the end of its prompt
    _draining: asyncio.Task[None] | None = field(default=None, init=False)

    def rest(self) -> None:
        """Until it is taken up, read and forget: ComfyUI tells every socket how long its queue is."""
        self.is_good = False
        self._draining = asyncio.create_task(self._drain(), name=f"drain {self.client_id}")

    async def take_up(self) -> bool:
        """Whether it is still open; then nobody else reads it any more."""
        if self._draining is not None:
            self._draining.cancel()
            with suppress(asyncio.CancelledError):  # the one just asked for
                await self._draining
            self._draining = None
        return self.frames.state is State.OPEN

    async def close(self) -> None:
        """Close it, whoever reads it."""
        await self.take_up()
        await self.frames.close()

    async def _drain(self) -> None:
        with suppress(ConnectionClosed):  # then it is not taken up
            while True:
                await self.frames.recv()


@define(eq=False)
class Sockets:
    """The sockets of one connector."""

    _settings: ComfyUISettings
    _idle: list[Line] = field(factory=list[Line], init=False)

    @asynccontextmanager
    async def line(self, client_id: str = "") -> AsyncGenerator[Line]:
        """A line for one prompt, with the id that it was sent with if it is in ComfyUI already.

        Raises `ConnectorError` when none can be opened.
        """
        line = None if client_id else await self._taken_up()
        line = line or await self._opened(client_id or str(uuid4()))
        try:
            yield line
        finally:
            if line.is_good:
                line.rest()
                self._idle.append(line)
            else:
                await line.close()

    async def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            await self._idle.pop().close()

    async def _taken_up(self) -> Line | None:
        while self._idle:
            line = self._idle.pop()
            if await line.take_up():
                return line
        return None

    async def _opened(self, client_id: str) -> Line:
        try:
            socket = await connect(
                self._settings.socket_url(client_id),
                additional_headers=self._settings.headers(),
                compression=None,
                ping_timeout=_PONG_TIMEOUT_S,
                max_size=_MAX_FRAME_BYTES,
                max_queue=None,  # a full queue, while POST /prompt is unanswered, would hold up a close
                proxy=None,
            )
            await socket.send(HELLO)
        except (OSError, WebSocketException) as error:
            raise ConnectorError(
                f"the event socket of ComfyUI at {self._settings.url} cannot be opened: {error}",
                error_class=ErrorClass.ENGINE_CRASH,
            ) from error
        return Line(client_id, socket)
