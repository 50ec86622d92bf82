"""The parts of a running hub, built and joined by `hub.assembly`."""

import time

from attrs import field, frozen

from hub.advancer import Advancer
from hub.artifacts import Artifacts
from hub.artifacts.intake import Intake
from hub.chores import Chores
from hub.dispatcher import Dispatcher
from hub.doors import Doors
from hub.explain import Explainer, Servability
from hub.installer import Installer
from hub.neighbours import Neighbours
from hub.previews import Previews
from hub.sessions.counter import Counter
from hub.sessions.crowd import Crowd
from hub.sessions.desk import Desk
from hub.sessions.registry import Registry
from hub.settings import HubSettings
from hub.store.answers import Answers
from hub.store.client import Client
from hub.store.jobs import Jobs
from hub.store.limits import Limits
from hub.store.machines import Machines
from hub.store.news import News
from hub.store.order import Order
from hub.store.outlook import Outlook
from hub.store.searches import Searches
from hub.store.views import Views
from hub.store.workers import Workers
from hub.store.workflows import Workflows
from hub.waits import Waits


@frozen(eq=False)
class Parts:
    """What the routes work with."""

    settings: HubSettings
    doors: Doors
    client: Client
    jobs: Jobs
    views: Views
    answers: Answers
    limits: Limits
    machines: Machines
    searches: Searches
    workers: Workers
    outlook: Outlook
    explainer: Explainer
    servability: Servability
    advancer: Advancer
    news: News
    dispatcher: Dispatcher
    intake: Intake
    neighbours: Neighbours
    installer: Installer
    previews: Previews
    registry: Registry
    desk: Desk
    counter: Counter
    crowd: Crowd
    chores: Chores
    waits: Waits
    _built_s: float = field(factory=time.monotonic, init=False)

    @property
    def uptime_s(self) -> float:
        """Seconds since the parts were joined."""
        return time.monotonic() - self._built_s

    @property
    def artifacts(self) -> Artifacts:
        """Those that jobs are given, and those that they made."""
        return self.intake.artifacts

    @property
    def workflows(self) -> Workflows:
        """Those that the advancer works on."""
        return self.advancer.workflows

    @property
    def order(self) -> Order:
        """What waits, as monitors are told it too."""
        return self.counter.stats.order
