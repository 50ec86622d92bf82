"""How the agent ends, and when it does so by itself: at limits of the operator."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Sequence
from typing import NoReturn

from attrs import define, field

from agent.settings import AgentSettings
from agent.stations import Station
from shared.states import Reason

log = logging.getLogger(__name__)

LOOK_S = 0.5


@define
class Stop:
    """The wish that the agent ends: asked once it drains, asked again it hurries."""

    asked: asyncio.Event = field(factory=asyncio.Event, init=False)
    insisted: asyncio.Event = field(factory=asyncio.Event, init=False)
    is_patient: bool = field(default=False, init=False)  # what runs gets all its time
    is_leaving: bool = field(default=False, init=False)  # another agent is to go on
    reason: Reason = field(default=Reason.DRAINED, init=False)  # of what is given back

    def ask(self) -> None:
        """Ask, or ask again."""
        (self.insisted if self.asked.is_set() else self.asked).set()

    def drain(self) -> None:
        """Ask, and let what runs finish however long it takes; a signal then does not wait."""
        self.is_patient = not self.asked.is_set()
        self.asked.set()

    def leave(self) -> None:
        """Ask it to make room for another agent, which goes on with what it finds."""
        self.is_leaving = not self.asked.is_set()
        self.ask()

    def preempt(self) -> None:
        """The machine is taken away: give everything back at once, at nobody's charge."""
        self.reason = Reason.PREEMPTED
        self.asked.set()
        self.insisted.set()


def end_by_hangup() -> NoReturn:
    """End as SIGHUP does by itself: nothing is cleaned up, and what can outlive the agent does."""
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGHUP)
    raise AssertionError("the signal is ignored")


async def watch_limits(settings: AgentSettings, stations: Sequence[Station], stop: Stop) -> None:
    """Ask to stop when a limit of the settings is reached; returns then, or if there is none."""
    most = 1 if settings.once else settings.max_jobs
    idle_s, uptime_s = settings.exit_after_idle_s, settings.max_uptime_s
    if not (most or idle_s or uptime_s):
        return None
    started_at = busy_at = time.monotonic()
    while True:
        await asyncio.sleep(LOOK_S)
        now = time.monotonic()
        is_idle = not any(each.slots.used for each in stations)
        busy_at = busy_at if is_idle else now
        if uptime_s and now - started_at >= uptime_s:
            return _end(stop, f"it has been up for {uptime_s:g} s")
        if idle_s and now - busy_at >= idle_s:
            return _end(stop, f"it has been idle for {idle_s:g} s")
        if most and sum(each.taken for each in stations) >= most:
            for each in stations:
                each.slots.drain()
            if is_idle:
                return _end(stop, f"it has done {most} jobs")


def _end(stop: Stop, why: str) -> None:
    log.info("the agent ends: %s", why)
    stop.ask()
