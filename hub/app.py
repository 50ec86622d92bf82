"""The only place that builds and joins the hub's parts, and orders their start and stop."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

import uvicorn
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from hub.advancer import Advancer
from hub.api import HANDLERS, ROUTES
from hub.api.answers import JsonAnswer
from hub.api.docs import docs
from hub.api.idempotency import Idempotency
from hub.api.submission import Submission
from hub.artifacts import Artifacts
from hub.dispatcher import Dispatcher
from hub.doors import doors
from hub.explain import Explainer, Servability
from hub.installer import Installer
from hub.listening import address_of, listen_as_set
from hub.parts import Parts
from hub.previews import Previews
from hub.protocols import HttpWithDeadline, WebSocketWithEnd
from hub.sessions import Registry
from hub.sessions.audience import Audience
from hub.sessions.counter import Counter
from hub.sessions.crowd import Crowd
from hub.sessions.desk import Desk
from hub.sessions.feed import Feed
from hub.sessions.offering import Offering
from hub.sessions.stats import Stats
from hub.settings import HubSettings
from hub.store.answers import Answers
from hub.store.client import Client
from hub.store.glances import Glances
from hub.store.instance import check
from hub.store.jobs import Jobs
from hub.store.lanes import Lanes
from hub.store.limits import Limits
from hub.store.machines import Machines
from hub.store.news import News
from hub.store.offers import Offers
from hub.store.outlook import Outlook
from hub.store.preferences import Preferences
from hub.store.presence import Presence
from hub.store.searches import Searches
from hub.store.server import EmbeddedServer
from hub.store.views import Views
from hub.store.workers import Workers
from hub.store.workflows import Workflows
from hub.timetable import chores

log = logging.getLogger(__name__)

LARGEST_FRAME = 16 * 1024 * 1024
STOP_WITHIN_S = 5


def build(settings: HubSettings, client: Client, url: str) -> Parts:
    """The parts, joined; nothing runs yet. Raises `DoorsError`."""
    jobs = _jobs(settings, client)
    workers = Workers(client)
    lanes, presence, machines = Lanes(client), Presence(client), Machines(client)
    dispatcher = Dispatcher(jobs, lanes)
    advancer = Advancer(Workflows(client), dispatcher, int(settings.hub_max_body_mb * 1_000_000))
    outlook = Outlook(client, lanes, jobs.prefer)
    previews, registry = Previews(), Registry()
    views, audience = Views(client), Audience(client)
    offering = Offering(jobs, lanes, Offers(client, lanes))
    crowd = Crowd(settings.hub_max_connections, machines.is_enrolled)
    hearing = Hearing(dispatcher, advancer, registry, audience, offering, crowd)
    news = News(client, url, hearing)
    desk = Desk(jobs, workers, dispatcher, previews, settings)
    artifacts = Artifacts(settings.hub_data_dir / "artifacts")
    return Parts(
        settings=settings,
        doors=doors(settings),
        client=client,
        jobs=jobs,
        views=views,
        answers=Answers(client),
        limits=Limits(client),
        machines=machines,
        searches=Searches(client),
        workers=workers,
        outlook=outlook,
        explainer=Explainer.over(outlook, views, presence),
        servability=Servability(presence),
        advancer=advancer,
        news=news,
        dispatcher=dispatcher,
        artifacts=artifacts,
        installer=Installer.of(settings),
        previews=previews,
        registry=registry,
        desk=desk,
        counter=_counter(desk, views, news, audience, offering),
        crowd=crowd,
        chores=chores(dispatcher.id, jobs, artifacts, settings),
    )


def _counter(
    desk: Desk, views: Views, news: News, audience: Audience, offering: Offering
) -> Counter:
    glances = Glances(news.client)
    submission = Submission(views, desk.dispatcher, desk.settings.default_job_priority)
    return Counter(
        submit=submission.submit,
        retry=submission.retry,
        jobs=desk.jobs,
        views=views,
        glances=glances,
        feed=Feed(news.watched, glances),
        stats=Stats(views, desk.workers, glances, audience),
        audience=audience,
        offering=offering,
        settings=desk.settings,
    )


def _jobs(settings: HubSettings, client: Client) -> Jobs:
    prefer = Preferences(settings.hub_prefer_passes, settings.hub_prefer_window)
    return Jobs(client, settings.hub_lease_s, settings.hub_max_losses, prefer)


class Hearing:
    """What each piece of news means to a hub."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        advancer: Advancer,
        registry: Registry,
        audience: Audience,
        offering: Offering,
        crowd: Crowd,
    ) -> None:
        self._verbs: dict[str, tuple[Callable[..., None], ...]] = {
            "lane": (dispatcher.wake, offering.wake),
            "room": (dispatcher.make_room, offering.make_room),
            "gap": (dispatcher.look_soon, advancer.look_soon, crowd.look_soon),
            "workflow": (advancer.look_soon,),
            "cancel": (registry.cancel,),
            "evict": (registry.evict,),
            "revoke": (crowd.expel,),
            "relay": (audience.hear,),
        }

    def __call__(self, words: list[str]) -> None:
        """Act on one piece of news: a verb and its words."""
        for act in self._verbs[words[0]]:
            act(*words[1:])


def application(parts: Parts) -> Litestar:
    """The ASGI application over running parts."""
    largest_body = int(parts.settings.hub_max_body_mb * 1_000_000)
    return Litestar(
        route_handlers=ROUTES,
        dependencies={"parts": Provide(lambda: parts, sync_to_thread=False)},
        exception_handlers=HANDLERS,
        response_class=JsonAnswer,
        openapi_config=docs(),
        state=State({"doors": parts.doors, "machines": parts.machines}),
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
    await parts.limits.limit(parts.settings.limits)
    listening = listen_as_set(parts.settings)
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
                application(parts),
                loop="uvloop",
                http=HttpWithDeadline,
                ws=WebSocketWithEnd,
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
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        for scheme, each in zip(("http", "ws"), self._listening, strict=False):
            print(f"emp-hub listening on {scheme}://{address_of(each)}", flush=True)  # noqa: T201 - for people and scripts

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """No new claims; those under way reach their workers; then everybody is sent away."""
        await self._parts.dispatcher.stop()
        await super().shutdown(sockets)
