"""The only place that builds the hub's parts and joins them; `hub.app` runs them."""

from collections.abc import Callable

from attrs import evolve

from hub.advancer import Advancer
from hub.api.submission import Submission
from hub.artifacts.intake import Intake
from hub.dispatcher import Dispatcher
from hub.doors import doors
from hub.explain import Explainer, Servability
from hub.installer import Installer
from hub.neighbours import Neighbours
from hub.parts import Parts
from hub.previews import Previews
from hub.sessions import Registry
from hub.sessions.audience import Audience
from hub.sessions.counter import Counter
from hub.sessions.crowd import Crowd
from hub.sessions.desk import Desk
from hub.sessions.feed import Feed
from hub.sessions.logs import Logs
from hub.sessions.offering import Offering
from hub.sessions.stats import Stats
from hub.settings import HubSettings
from hub.store.answers import Answers
from hub.store.client import Client
from hub.store.glances import Glances
from hub.store.hubs import Hubs
from hub.store.jobs import Jobs
from hub.store.lanes import Lanes
from hub.store.limits import Limits
from hub.store.machines import Machines
from hub.store.news import News
from hub.store.offers import Offers
from hub.store.order import Order
from hub.store.outlook import Outlook
from hub.store.preferences import Preferences
from hub.store.presence import Presence
from hub.store.searches import Searches
from hub.store.views import Views
from hub.store.workers import Workers
from hub.store.workflows import Workflows
from hub.timetable import chores
from hub.waits import Waits


def build(settings: HubSettings, client: Client, url: str) -> Parts:
    """The parts, joined; nothing runs yet. Raises `DoorsError`."""
    jobs, machines, workers = _jobs(settings, client), Machines(client), Workers(client)
    lanes, presence, views = Lanes(client), Presence(client), Views(client)
    dispatcher, outlook = Dispatcher(jobs, lanes), Outlook(client, lanes, jobs.prefer)
    advancer = Advancer(Workflows(client), dispatcher, int(settings.hub_max_body_mb * 1_000_000))
    previews, registry, audience = Previews(), Registry(), Audience(client)
    logs = Logs(client, registry, workers)
    offering = Offering(jobs, lanes, Offers(client, lanes))
    crowd = Crowd(settings.hub_max_connections, machines.is_enrolled)
    hearing = Hearing(dispatcher, advancer, audience, offering, crowd, logs)
    news = News(client, url, hearing)
    desk = Desk(jobs, workers, dispatcher, previews, settings)
    intake, neighbours = _files(settings, client)
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
        intake=intake,
        neighbours=neighbours,
        installer=Installer.of(settings),
        previews=previews,
        registry=registry,
        desk=desk,
        counter=_counter(desk, views, news, hearing, intake),
        crowd=crowd,
        chores=chores(dispatcher.id, jobs, intake.artifacts, settings, crowd.machines),
        waits=Waits(news, settings.hub_max_waits),
    )


def _files(settings: HubSettings, client: Client) -> tuple[Intake, Neighbours]:
    intake = Intake.of(settings)
    neighbours = Neighbours(Hubs(client), intake.artifacts)
    return evolve(intake, is_elsewhere=neighbours.keep), neighbours


def _counter(
    desk: Desk,
    views: Views,
    news: News,
    hearing: "Hearing",
    intake: Intake,
) -> Counter:
    glances = Glances(news.client)
    submission = Submission(views, desk.dispatcher, intake, desk.settings.default_job_priority)
    return Counter(
        submit=submission.submit,
        retry=submission.retry,
        jobs=desk.jobs,
        views=views,
        glances=glances,
        feed=Feed(news.watched, glances),
        stats=Stats(views, desk.workers, glances, Order(news.client), hearing.audience),
        audience=hearing.audience,
        offering=hearing.offering,
        logs=hearing.logs,
        settings=desk.settings,
    )


def _jobs(settings: HubSettings, client: Client) -> Jobs:
    prefer = Preferences(settings.hub_prefer_passes, settings.hub_prefer_window)
    longest_minutes = settings.max_job_timeout_minutes
    return Jobs(client, settings.hub_lease_s, settings.hub_max_losses, prefer, longest_minutes)


class Hearing:
    """What each piece of news means to a hub."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        advancer: Advancer,
        audience: Audience,
        offering: Offering,
        crowd: Crowd,
        logs: Logs,
    ) -> None:
        self.audience, self.offering, self.logs = audience, offering, logs
        self._verbs: dict[str, tuple[Callable[..., None], ...]] = {
            "lane": (dispatcher.wake, offering.wake),
            "room": (dispatcher.make_room, offering.make_room),
            "gap": (dispatcher.look_soon, advancer.look_soon, crowd.look_soon),
            "workflow": (advancer.look_soon,),
            "cancel": (logs.registry.cancel,),
            "evict": (logs.registry.evict,),
            "revoke": (crowd.expel,),
            "relay": (audience.hear,),
            "logs": (logs.asked,),
            "logged": (logs.answered,),
        }

    def __call__(self, words: list[str]) -> None:
        """Act on one piece of news: a verb and its words."""
        for act in self._verbs[words[0]]:
            act(*words[1:])
