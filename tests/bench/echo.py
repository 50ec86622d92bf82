"""Sends every frame back, on the hub's own server: `python -m tests.bench.echo` tells its port."""

import socket
from typing import Any

import uvicorn
import uvloop

from hub.listening import listen
from hub.protocols import HttpWithDeadline, WebSocketWithEnd
from tests.bench.peers.scripts.lines import say


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """The application."""
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


class Telling(uvicorn.Server):
    """A server that tells its port."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets is not None
        say(sockets[0].getsockname()[1])


def configured(app: Any) -> uvicorn.Config:
    """As the hub's own server is."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=HttpWithDeadline,
        ws=WebSocketWithEnd,
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
    )


async def serve() -> None:
    await Telling(configured(echo)).serve([listen("127.0.0.1", 0)])


if __name__ == "__main__":
    uvloop.run(serve())
