"""The running hub: its application, and the order in which its parts start and stop."""

import asyncio
import signal
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import uvicorn
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide

from hub.api import HANDLERS, ROUTES
from hub.api.answers import JsonAnswer
from hub.api.docs import docs
from hub.api.idempotency import Idempotency
from hub.api.metrics_port import MetricsPort
from hub.api.typed_bodies import TypedRequest
from hub.assembly import build
from hub.listening import address_of, listen_as_set, metrics_ports, reachable_at, schemes
from hub.parts import Parts
from hub.protocols import HttpWithDeadline, WebSocketWithEnd
from hub.settings import HubSettings
from hub.store.client import Client
from hub.store.instance import check
from hub.store.server import EmbeddedServer

LARGEST_FRAME = 16 * 1024 * 1024
STOP_WITHIN_S = 5
KEPT_S = 75
"""How long a silent connection is kept: longer than by who sends the next request on it (httpx 5 s,
nginx 60 s), or that one may be lost.
"""


def application(parts: Parts) -> Litestar:
    """The ASGI application over running parts."""
    largest_body = int(parts.settings.hub_max_body_mb * 1_000_000)
    return Litestar(
        route_handlers=ROUTES,
        dependencies={"parts": Provide(lambda: parts, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        request_class=TypedRequest,
        response_class=JsonAnswer,
        openapi_config=docs(),
        cors_config=_cors(parts.settings),
        state=State(
            {"doors": parts.doors, "machines": parts.machines, "hubs": parts.neighbours.hubs}
        ),
        middleware=[Idempotency(parts.answers, parts.doors, largest_body)],
        request_max_body_size=largest_body,
        logging_config=None,
        debug=False,
    )


def _cors(settings: HubSettings) -> CORSConfig | None:
    """What browsers are told of pages of other sites. Keys go in headers, never in cookies."""
    if not settings.origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["*"],
        expose_headers=["Retry-After", "Content-Range", "Idempotency-Replayed"],
    )


async def serve(settings: HubSettings) -> None:
    """Run a hub until SIGTERM or SIGINT."""
    _make(settings.hub_data_dir)
    async with AsyncExitStack() as stack:
        url = settings.redis_url
        if url is None:
            embedded = EmbeddedServer(settings.hub_data_dir / "valkey")
            url = (await stack.enter_async_context(embedded)).url
        client = Client.connect(url)
        stack.push_async_callback(client.close)
        await client.open()
        await check(client, settings.hub_data_dir)
        await _serve(build(settings, client, url))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OSError(
            problem.errno,
            f"cannot keep data in {folder} ({problem.strerror}); choose another HUB_DATA_DIR",
        ) from problem


async def _serve(parts: Parts) -> None:
    await parts.limits.limit(parts.settings.limits)
    listening = listen_as_set(parts.settings)
    parts.neighbours.address = reachable_at(parts.settings, listening[0])
    async with asyncio.TaskGroup() as group:
        loops = [
            group.create_task(each, name=name)
            for name, each in (
                ("news", parts.news.run()),
                ("chores", parts.chores.run()),
                ("dispatcher", parts.dispatcher.run()),
                ("feed", parts.counter.feed.run()),
                ("offering", parts.counter.offering.run()),
                ("advancer", parts.advancer.run()),
                ("crowd", parts.crowd.run()),
                ("neighbours", parts.neighbours.run()),
            )
        ]
        # uvicorn raises the signals that it caught again when it has stopped: then they are ours.
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, lambda: None)
        await Server(parts, listening).serve(listening)
        for loop in loops:
            loop.cancel()


class Server(uvicorn.Server):
    """uvicorn in our loop: says where it listens, and lets claims finish before it stops."""

    def __init__(self, parts: Parts, listening: list[socket.socket]) -> None:
        super().__init__(
            uvicorn.Config(
                MetricsPort(application(parts), metrics_ports(parts.settings, listening)),
                loop="uvloop",
                http=HttpWithDeadline,
                ws=WebSocketWithEnd,
                ws_max_size=LARGEST_FRAME,
                ws_ping_interval=parts.settings.connection_timeout_ms / 2000,
                ws_ping_timeout=parts.settings.connection_timeout_ms / 2000,
                ws_per_message_deflate=False,
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="warning",  # its INFO shows addresses, and some hold a token
                server_header=False,
                timeout_keep_alive=KEPT_S,
                timeout_graceful_shutdown=STOP_WITHIN_S,
            )
        )
        self._parts = parts
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        for scheme, each in zip(schemes(self._parts.settings), self._listening, strict=False):
            print(f"emp-hub listening on {scheme}://{address_of(each)}", flush=True)  # noqa: T201 - for people and scripts

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """No new claims; those under way reach their workers; then everybody is sent away."""
        await self._parts.dispatcher.stop()
        self._parts.waits.stop()
        await super().shutdown(sockets)
