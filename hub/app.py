"""The only place that builds and joins the hub's parts, and orders their start and stop."""

import asyncio
import logging
import signal
import socket
from contextlib import AsyncExitStack

import uvicorn
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from hub.api import HANDLERS, ROUTES
from hub.api.answers import JsonAnswer
from hub.api.docs import docs
from hub.api.idempotency import Idempotency
from hub.artifacts import Artifacts
from hub.dispatcher import Dispatcher
from hub.doors import doors
from hub.parts import Parts
from hub.previews import Previews
from hub.reaper import Reaper
from hub.sessions import Registry
from hub.sessions.desk import Desk
from hub.settings import HubSettings
from hub.store.answers import Answers
from hub.store.client import Client
from hub.store.instance import check
from hub.store.jobs import Jobs
from hub.store.lanes import Lanes
from hub.store.news import News
from hub.store.server import EmbeddedServer
from hub.store.views import Views
from hub.store.workers import Workers

log = logging.getLogger(__name__)

LARGEST_FRAME = 16 * 1024 * 1024
STOP_WITHIN_S = 5
USER_TIMEOUT_MS = 30_000
"""A peer that acknowledges nothing for so long is cut off; no server frees it otherwise."""


def build(settings: HubSettings, client: Client, url: str) -> Parts:
    """The parts, joined; nothing runs yet. Raises `DoorsError`."""
    jobs = Jobs(client, settings.hub_lease_s, settings.hub_max_losses)
    workers = Workers(client)
    dispatcher = Dispatcher(jobs, Lanes(client))
    previews = Previews()
    registry = Registry()
    return Parts(
        settings=settings,
        doors=doors(settings),
        client=client,
        jobs=jobs,
        views=Views(client),
        answers=Answers(client),
        workers=workers,
        news=News(client, url, Hearing(dispatcher, registry)),
        dispatcher=dispatcher,
        artifacts=Artifacts(settings.hub_data_dir / "artifacts"),
        previews=previews,
        registry=registry,
        desk=Desk(jobs, workers, dispatcher, previews, settings),
    )


class Hearing:
    """What each piece of news means to a hub."""

    def __init__(self, dispatcher: Dispatcher, registry: Registry) -> None:
        self._verbs = {
            "lane": dispatcher.wake,
            "gap": dispatcher.look_soon,
            "cancel": registry.cancel,
            "evict": registry.evict,
        }

    def __call__(self, words: list[str]) -> None:
        """Act on one piece of news: a verb and its words."""
        self._verbs[words[0]](*words[1:])


def application(parts: Parts) -> Litestar:
    """The ASGI application over running parts."""
    largest_body = int(parts.settings.hub_max_body_mb * 1_000_000)
    return Litestar(
        route_handlers=ROUTES,
        dependencies={"parts": Provide(lambda: parts, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        response_class=JsonAnswer,
        openapi_config=docs(),
        state=State({"doors": parts.doors}),
        middleware=[Idempotency(parts.answers, parts.doors, largest_body)],
        request_max_body_size=largest_body,
        logging_config=None,
        debug=False,
    )


async def serve(settings: HubSettings) -> None:
    """Run a hub until SIGTERM or SIGINT."""
    settings.hub_data_dir.mkdir(parents=True, exist_ok=True)
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


async def _serve(parts: Parts) -> None:
    reaper = Reaper(parts.jobs, parts.views, parts.workers, parts.settings)
    listening = listen(parts.settings.hub_host, parts.settings.hub_port)
    async with asyncio.TaskGroup() as group:
        loops = [
            group.create_task(each, name=name)
            for name, each in (
                ("news", parts.news.run()),
                ("reaper", reaper.run()),
                ("dispatcher", parts.dispatcher.run()),
            )
        ]
        # uvicorn raises the signals that it caught again when it has stopped: then they are ours.
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, lambda: None)
        await Server(parts, listening).serve([listening])
        for loop in loops:
            loop.cancel()


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises `OSError` with the address in it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    try:
        bound.bind((host, port))
    except OSError as problem:
        bound.close()
        raise OSError(
            problem.errno,
            f"cannot listen on {host}:{port} ({problem.strerror}); choose another HUB_PORT, "
            "or 0 for any free one",
        ) from problem
    return bound


class Server(uvicorn.Server):
    """uvicorn in our loop: says where it listens, and lets claims finish before it stops."""

    def __init__(self, parts: Parts, listening: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                application(parts),
                loop="uvloop",
                http="httptools",
                ws="websockets-sansio",
                ws_max_size=LARGEST_FRAME,
                ws_per_message_deflate=False,
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="warning",  # its INFO shows addresses, and some hold a token
                server_header=False,
                timeout_graceful_shutdown=STOP_WITHIN_S,
            )
        )
        self._parts = parts
        self._address = listening.getsockname()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        host, port = self._address[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"emp-hub listening on http://{shown}:{port}", flush=True)  # noqa: T201 - for people and scripts

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """No new claims; those under way reach their workers; then everybody is sent away."""
        await self._parts.dispatcher.stop()
        await super().shutdown(sockets)
