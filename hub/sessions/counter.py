"""What the sessions of clients and monitors work with."""

from collections.abc import Awaitable, Callable

from attrs import frozen

from hub.sessions.audience import Audience
from hub.sessions.feed import Feed
from hub.sessions.logs import Logs
from hub.sessions.offering import Offering
from hub.sessions.stats import Stats
from hub.settings import HubSettings
from hub.store.glances import Glances
from hub.store.jobs import Jobs, Submitted
from hub.store.views import Views
from shared.messages import SubmitJob


@frozen
class Counter:
    """The parts of the hub that clients are served from.

    `submit` accepts a job, `retry` submits a failed one anew; they raise `ValueError` with the field
    at fault.
    """

    submit: Callable[[SubmitJob], Awaitable[Submitted]]
    retry: Callable[[str], Awaitable[Submitted]]
    jobs: Jobs
    views: Views
    glances: Glances
    feed: Feed
    stats: Stats
    audience: Audience
    offering: Offering
    logs: Logs
    settings: HubSettings
