"""What worker sessions work with."""

from attrs import frozen

from hub.dispatcher import Dispatcher
from hub.previews import Previews
from hub.settings import HubSettings
from hub.store.jobs import Jobs
from hub.store.workers import Workers


class ReportError(ValueError):
    """What a worker said cannot be acted on; the message names the field and the remedy."""


@frozen
class Desk:
    """The parts of the hub that a session needs."""

    jobs: Jobs
    workers: Workers
    dispatcher: Dispatcher
    previews: Previews
    settings: HubSettings
