"""How jobs change, for those who want to know.

An event only says that something has happened; what is told is how the job is then, read once for
all listeners. So a slow listener misses steps in between and never the last one.
"""

import asyncio
import logging
from asyncio import gather
from collections.abc import Callable

from attrs import define, field

from hub.store.client import StoreUnavailableError
from hub.store.glances import Glance, Glances
from hub.store.watched import Watched

log = logging.getLogger(__name__)

GATHER_S = 0.05
"""Events within this time are one change."""
AT_ONCE = 200
"""Jobs that are read together."""
MOST_DIRTY = 50_000
"""Changes that may wait to be told to those who follow every job; beyond, the oldest are dropped."""

Listener = Callable[[Glance], None]


@define(eq=False)
class Feed:
    """Listeners by job, and those for every job."""

    watched: Watched
    glances: Glances
    _by_job: dict[str, set[Listener]] = field(factory=dict, init=False)
    _for_every: set[Listener] = field(factory=set, init=False)
    _dirty: dict[str, None] = field(factory=dict, init=False)
    _has_dirt: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self.watched.told = self.told

    def told(self, job_id: str) -> None:
        """Something has happened to a job."""
        if job_id not in self._by_job and not self._for_every:
            return
        self._dirty[job_id] = None
        if len(self._dirty) > MOST_DIRTY:
            self._dirty.pop(next(iter(self._dirty)))
        self._has_dirt.set()

    async def follow(self, job_id: str, listener: Listener) -> None:
        """Tell `listener` how this job is, now and whenever that changes."""
        listeners = self._by_job.setdefault(job_id, set())
        if listener not in listeners:
            listeners.add(listener)
            await self.watched.add(job_id)
        self.told(job_id)

    async def leave(self, job_id: str, listener: Listener) -> None:
        """No more of this job."""
        listeners = self._by_job.get(job_id, set())
        if listener in listeners:
            listeners.discard(listener)
            if not listeners:
                self._by_job.pop(job_id, None)
            await self.watched.drop(job_id)

    async def follow_every(self, listener: Listener) -> None:
        """Tell `listener` how each job is that changes from now on."""
        if listener not in self._for_every:
            self._for_every.add(listener)
            await self.watched.add_every()

    async def leave_every(self, listener: Listener) -> None:
        """No more of every job."""
        if listener in self._for_every:
            self._for_every.discard(listener)
            await self.watched.drop_every()

    async def run(self) -> None:
        """Tell the listeners, until cancelled."""
        while True:
            await self._has_dirt.wait()
            await asyncio.sleep(GATHER_S)
            batch = list(self._dirty)[:AT_ONCE]
            for job_id in batch:
                del self._dirty[job_id]
            if not self._dirty:
                self._has_dirt.clear()
            try:
                await self._tell(batch)
            except StoreUnavailableError as problem:
                log.warning("cannot look at jobs that have changed: %s", problem)
                for job_id in batch:
                    self.told(job_id)

    async def _tell(self, batch: list[str]) -> None:
        for glance in await gather(*[self.glances.at(job_id) for job_id in batch]):
            if glance is None:  # it has been removed meanwhile
                continue
            followers = tuple(self._by_job.get(glance.job_id, ()))
            for listener in (*followers, *self._for_every):
                listener(glance)
            if glance.status.is_terminal:  # the last that there is to tell
                for listener in followers:
                    await self.leave(glance.job_id, listener)
