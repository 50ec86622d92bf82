"""What somebody at this machine may tell the agent."""

import logging
import os
import time
from collections.abc import AsyncGenerator, Sequence

from attrs import define, field

from agent.desk.gauges import Gauges
from agent.engines import Supervisor
from agent.engines.log_ring import KEPT_LINES
from agent.leaving import Stop
from agent.link.connection import Link
from agent.settings import AgentSettings
from agent.stations import Station
from shared.jobs import Failure

log = logging.getLogger(__name__)


class DeskError(Exception):
    """The agent cannot do what it is told; the message says why. `status` is HTTP's."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status


@define(eq=False)
class Desk:
    """A running agent, as seen from its own machine. `page` is the address of its page, if it
    has one."""

    settings: AgentSettings
    stations: Sequence[Station]
    stop: Stop
    link: Link
    settings_rows: Sequence[tuple[str, str, str]] = ()  # name, value and source, secrets masked
    page: str | None = field(default=None, init=False)
    gauges: Gauges = field(factory=Gauges, init=False)
    pid: int = field(factory=os.getpid, init=False)
    started_at: float = field(factory=time.time, init=False)

    @property
    def engines(self) -> list[tuple[Station, Supervisor]]:
        """The engines that the agent has started, in the order of their numbers."""
        return [(station, each) for station in self.stations for each in station.engines]

    @property
    def is_paused(self) -> bool:
        """Whether it takes no new jobs until told to go on."""
        return any(each.slots.paused for each in self.stations)

    def pause(self) -> None:
        """Take no new job, and finish what runs."""
        self._not_leaving()
        log.info("paused from this machine")
        for each in self.stations:
            each.pause()

    def resume(self) -> None:
        """Take jobs again."""
        self._not_leaving()
        log.info("resumed from this machine")
        for each in self.stations:
            each.pause(paused=False)

    def drain(self) -> None:
        """Take nothing new, finish what runs, and end."""
        log.info("told from this machine to drain and end")
        self.stop.drain()

    def restart_engine(self, number: int | None, *, now: bool) -> list[str]:
        """Start one engine anew, or all. Their names. Raises `DeskError`."""
        chosen = self.engines if number is None else [self._engine(number)]
        if not chosen:
            raise DeskError("this agent has started no engine: restart yours where it was started")
        for station, engine in chosen:
            station.renew(engine, "a restart was asked for", now=now)
        return [f"{engine.name} of {station.post.worker_id}" for station, engine in chosen]

    def cancel(self, job_id: str) -> None:
        """End a job that runs here: it fails, and is not tried again. Raises `DeskError`."""
        verdict = Failure(error="cancelled by the operator of the worker", retryable=False)
        for each in self.stations:
            if each.slots.cancel(job_id, verdict):
                for entry in each.journal.current:
                    entry.is_cancelled |= entry.job.job_id == job_id
                log.info("job %s is cancelled from this machine", job_id)
                return
        raise DeskError(f"job {job_id} does not run here", 404)

    def log_lines(self, number: int | None, count: int) -> list[str]:
        """The last lines that an engine wrote, or each of them. Raises `DeskError`."""
        chosen = self._logged(number)
        return [
            f"{engine.name} of {station.post.worker_id}: {line}" if len(chosen) > 1 else line
            for station, engine in chosen
            for line in engine.last_lines(count)
        ]

    def followed(self, number: int | None, count: int) -> AsyncGenerator[str]:
        """The last lines of one engine and all that it writes from now on, also when it is started
        anew. Raises `DeskError`."""
        chosen = self._logged(number)
        if len(chosen) > 1:
            raise DeskError(f"say which engine to follow: 0 to {len(chosen) - 1}", 400)
        return _lines(chosen[0][1], count)

    def _logged(self, number: int | None) -> list[tuple[Station, Supervisor]]:
        chosen = self.engines if number is None else [self._engine(number)]
        if not chosen:
            raise DeskError("this agent has started no engine, so it has no log of one", 404)
        return chosen

    def _engine(self, number: int) -> tuple[Station, Supervisor]:
        if number < len(self.engines):
            return self.engines[number]
        raise DeskError(f"there is no engine {number}: `emp-agent status` numbers them", 404)

    def _not_leaving(self) -> None:
        if self.stop.asked.is_set():
            raise DeskError("the agent is about to end")


async def _lines(engine: Supervisor, count: int) -> AsyncGenerator[str]:
    while True:
        async for line in engine.log.follow(count):
            yield line
        count = KEPT_LINES  # of the next run, whatever it has written already
