"""ComfyUI's event socket."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from agent.connectors.base import ConnectorError
from agent.connectors.comfyui.events import HELLO
from agent.connectors.comfyui.settings import ComfyUISettings
from shared.states import ErrorClass

_PONG_TIMEOUT_S = 60.0  # loading a model holds up everything else in ComfyUI, for seconds
_MAX_FRAME_BYTES = 256 * 2**20  # a picture of SaveImageWebsocket is one frame


@asynccontextmanager
async def open_socket(
    settings: ComfyUISettings, client_id: str
) -> AsyncGenerator[ClientConnection]:
    """Open the socket that gets the events of prompts sent with `client_id`."""
    try:
        socket = await connect(
            settings.socket_url(client_id),
            additional_headers=settings.headers(),
            ping_timeout=_PONG_TIMEOUT_S,
            max_size=_MAX_FRAME_BYTES,
            max_queue=None,  # a full queue, while POST /prompt is unanswered, would hold up a close
            proxy=None,
        )
    except (OSError, WebSocketException) as error:
        raise ConnectorError(
            f"the event socket of ComfyUI at {settings.url} cannot be opened: {error}",
            error_class=ErrorClass.ENGINE_CRASH,
        ) from error
    async with socket:
        await socket.send(HELLO)
        yield socket
