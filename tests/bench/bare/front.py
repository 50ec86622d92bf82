"""Where the hub would be: a request becomes a write and a frame, a frame a write and another."""

from typing import Any

import uvicorn
from litestar import Litestar, WebSocket, post, websocket
from litestar.datastructures import State
from redis.asyncio import Redis

from hub.listening import listen
from tests.bench.echo import configured
from tests.bench.peers.scripts.lines import say

AnySocket = WebSocket[Any, Any, Any]


@post("/jobs")
async def submit(data: dict[str, Any], state: State) -> dict[str, Any]:
    """A job for the worker, once it is written."""
    await state.redis.set("job", str(data))
    await state.worker.send_json(data)
    return {"job": data}


@websocket("/worker")
async def serve(socket: AnySocket, state: State) -> None:
    """The only worker; what it says is written and acknowledged."""
    await socket.accept()
    state.worker = socket
    async for result in socket.iter_data("text"):
        await state.redis.set("result", result)
        await socket.send_text("written")


async def stand(url: str) -> None:
    """Serve with the server at `url` and say where, until terminated."""
    async with Redis.from_url(url) as redis:
        state = State({"redis": redis})
        app = Litestar([submit, serve], state=state, openapi_config=None, logging_config=None)
        listening = listen("127.0.0.1", 0)
        say(f"http://127.0.0.1:{listening.getsockname()[1]}")
        await uvicorn.Server(configured(app)).serve([listening])
