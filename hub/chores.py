"""Periodic work: one table, done by one hub at a time, and what came of each run."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from attrs import define, field, frozen

from hub.store.client import StoreUnavailableError
from hub.store.duties import Duties, Run
from hub.store.views import Views

log = logging.getLogger(__name__)

TERM_S = 6.0
"""How long a hub that says nothing more is still taken for the leader."""
NOTED_EVERY_S = 10.0
"""How often a run with nothing to tell is noted."""


@frozen
class Chore:
    """Something to do every `every_s` seconds; `work` returns what it did, or "" for nothing."""

    name: str
    every_s: float
    work: Callable[[], Awaitable[str]]
    is_own: bool = False
    """Whether it is about this hub's own disk, so that every hub does it."""


@define
class Chores:
    """The table of one hub. Two that lead for a moment do no harm: every script compares first."""

    hub: str
    duties: Duties
    views: Views
    table: tuple[Chore, ...]
    monotonic_s: Callable[[], float] = time.monotonic
    is_leading: bool = field(default=False, init=False)
    _noted_s: dict[str, float] = field(factory=dict, init=False)

    async def run(self) -> None:
        """Stand for the lead and do what is due, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stand(), name="lead")
                for chore in self.table:
                    group.create_task(self._repeat(chore), name=chore.name)
        finally:
            self.is_leading = False
            with suppress(StoreUnavailableError):  # then the term ends by itself
                await self.duties.resign(self.hub)

    async def _stand(self) -> None:
        while True:
            try:
                leads = await self.duties.lead(self.hub, TERM_S)
            except StoreUnavailableError as problem:
                log.warning("cannot stand for the lead: %s", problem)
                leads = False
            if leads != self.is_leading:
                log.info("this hub %s the periodic work", "does" if leads else "leaves to another")
            self.is_leading = leads
            await asyncio.sleep(TERM_S / 3)

    async def _repeat(self, chore: Chore) -> None:
        while True:
            if self.is_leading or chore.is_own:
                await self.do(chore)
            await asyncio.sleep(chore.every_s)

    async def do(self, chore: Chore) -> None:
        """One run, noted."""
        begun_s = self.monotonic_s()
        try:
            result = await chore.work()
        except StoreUnavailableError as problem:
            log.warning("%s: %s", chore.name, problem)
            return
        except Exception as problem:
            log.exception("%s failed", chore.name)
            result = f"failed: {problem}"
        await self._note(chore, begun_s, result)

    def noted_as(self, chore: Chore) -> str:
        """Under which name the runs of a chore are noted."""
        return f"{chore.name} of {self.hub}" if chore.is_own else chore.name

    async def _note(self, chore: Chore, begun_s: float, result: str) -> None:
        ended_s = self.monotonic_s()
        is_fresh = ended_s - self._noted_s.get(chore.name, -NOTED_EVERY_S) < NOTED_EVERY_S
        if is_fresh and not result:
            return
        self._noted_s[chore.name] = ended_s
        took_ms = round((ended_s - begun_s) * 1000, 1)
        with suppress(StoreUnavailableError):  # the next run is noted
            at = await self.views.now_ms()
            run = Run(at=at, hub=self.hub, took_ms=took_ms, result=result or "nothing to do")
            await self.duties.note(self.noted_as(chore), run)
