"""Which jobs somebody here wants to hear of, as channels of the hub's one subscription."""

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any

from attrs import define, field
from redis.exceptions import RedisError

from hub.store.keys import key

EVERY = key("events", "*")


def _nobody(_: str) -> None: ...


@define
class Watched:
    """Counts who watches what. `told` gets the id of a job that something has happened to.

    After each (re)connection it gets the id of every single job that is watched; for all the others
    nothing tells what was missed.
    """

    told: Callable[[str], None] = field(default=_nobody)
    _jobs: Counter[str] = field(factory=Counter[str], init=False)
    _every: int = field(default=0, init=False)
    _pubsub: Any = field(default=None, init=False)

    async def add(self, job_id: str) -> None:
        """Hear of this job, too."""
        self._jobs[job_id] += 1
        if self._jobs[job_id] == 1:
            await self._tell_redis("subscribe", key("events", job_id))

    async def drop(self, job_id: str) -> None:
        """One watcher less."""
        self._jobs[job_id] -= 1
        if self._jobs[job_id] <= 0:
            del self._jobs[job_id]
            await self._tell_redis("unsubscribe", key("events", job_id))

    async def add_every(self) -> None:
        """Hear of every job."""
        self._every += 1
        if self._every == 1:
            await self._tell_redis("psubscribe", EVERY)

    async def drop_every(self) -> None:
        """One watcher less."""
        self._every -= 1
        if self._every == 0:
            await self._tell_redis("punsubscribe", EVERY)

    async def opened(self, pubsub: Any) -> None:
        """There is a new subscription. Raises what it raises."""
        self._pubsub = pubsub
        if self._jobs:
            await pubsub.subscribe(*[key("events", job_id) for job_id in self._jobs])
        if self._every:
            await pubsub.psubscribe(EVERY)
        for job_id in self._jobs:
            self.told(job_id)

    def lost(self) -> None:
        """There is no subscription until one is opened again."""
        self._pubsub = None

    def heard(self, channel: str) -> None:
        """Something was published on a channel."""
        prefix = key("events")
        if channel.startswith(prefix):
            self.told(channel.removeprefix(prefix))

    async def _tell_redis(self, verb: str, name: str) -> None:
        if self._pubsub is None:
            return  # `opened` will subscribe to all of it
        with contextlib.suppress(RedisError, OSError):  # the same, once the connection is back
            await getattr(self._pubsub, verb)(name)
