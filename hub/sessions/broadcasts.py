"""`stats_broadcast` to one listener, again and again, at a bounded rate."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from attrs import define, field

from hub.sessions.stats import Document, Stats, changes
from hub.store.client import StoreUnavailableError
from shared.messages import Message, StatsBroadcast, SubscribeStats
from shared.wire import dump_json

log = logging.getLogger(__name__)

MOST_CHARACTERS_A_SECOND = 90_000
"""A listener is never told more than this on the average: a large system is told less often."""
WHOLE_AGAIN = 60
"""Every so many incremental broadcasts one is whole."""
SHORTEST_S, LONGEST_S = 0.25, 3600.0


@define(eq=False)
class Broadcasts:
    """One listener's subscription."""

    stats: Stats
    say: Callable[[Message], None]
    asked: SubscribeStats
    interval_s: float
    _before: Document | None = field(default=None, init=False)
    _number: int = field(default=0, init=False)

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            pause_s = self.interval_s
            try:
                size = await self._tell()
                pause_s = max(pause_s, size / MOST_CHARACTERS_A_SECOND)
            except StoreUnavailableError as problem:
                log.warning("no stats for a listener: %s", problem)
            await asyncio.sleep(pause_s)

    async def _tell(self) -> int:
        """The size of what was told."""
        document, size = await self.stats.document()
        before = None if self._number % WHOLE_AGAIN == 0 else self._before
        self._number += 1
        self._before = document
        if self.asked.incremental and before is not None:
            told = changes(before, document)
            size = len(dump_json(told))
        else:
            told = document
            before = None
        self.say(self._message(told, is_partial=self.asked.incremental and before is not None))
        return size

    def _message(self, told: dict[str, Any], *, is_partial: bool) -> StatsBroadcast:
        wanted = self.asked.include_sections
        sections = {
            name: value
            for name, value in told.items()
            if not wanted or name in wanted or (name == "removed_workers" and "workers" in wanted)
        }
        return StatsBroadcast(incremental=is_partial, **sections)


def interval_of(asked: SubscribeStats, default_s: float) -> float:
    """The seconds between broadcasts. Raises `ValueError`."""
    if asked.interval_seconds is None:
        return default_s
    if not SHORTEST_S <= asked.interval_seconds <= LONGEST_S:
        raise ValueError(f"interval_seconds: expected {SHORTEST_S:g} to {LONGEST_S:g}")
    return asked.interval_seconds


SECTIONS = ("connections", "workers", "subscriptions", "system")


def check_sections(asked: SubscribeStats) -> None:
    """Raises `ValueError` for a section that there is not."""
    unknown = set(asked.include_sections) - set(SECTIONS)
    if unknown:
        raise ValueError(f"include_sections: {min(unknown)!r} is none of {', '.join(SECTIONS)}")
