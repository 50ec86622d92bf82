"""What Redis tells the hubs: lanes that have work, cancels, evictions, and each job's events."""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from typing import Any, cast

from attrs import define, field, frozen
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from hub.store.client import Client
from hub.store.connecting import redis_at
from hub.store.keys import key
from hub.store.watched import Watched
from shared.backoff import backoff_s
from shared.states import JobState
from shared.wire import load_json

log = logging.getLogger(__name__)

ENTRY_ID = re.compile(r"\d{1,20}(-\d{1,20})?")
FALLBACK_S = 10.0
"""A reader looks for new events this often even when nothing was told."""
QUIET_S = 5.0
"""A server that told nothing for as long is asked whether it is there; as long it may take to answer."""


@frozen(kw_only=True)
class Event:
    """Something that happened to a job. `id` resumes the stream behind it."""

    id: str
    event: str
    job_id: str
    status: JobState
    attempt: int
    worker_id: str | None
    at: int
    progress: float | None = None
    message: str | None = None
    details: dict[str, Any] | None = None


@define
class News:
    """One subscription for the whole hub; `hear` gets the words of each piece of news.

    Pub/sub forgets what nobody heard. After each (re)connection `hear(["gap"])` asks to look at
    the state instead.
    """

    client: Client
    url: str
    hear: Callable[[list[str]], None]
    _redis: Redis = field(init=False)
    _pubsub: Any = field(init=False)
    _readers: dict[str, set[asyncio.Event]] = field(factory=dict, init=False)
    watched: Watched = field(factory=Watched, init=False)

    def __attrs_post_init__(self) -> None:
        self._redis = redis_at(self.url)
        self._pubsub = self._new_pubsub()

    def _new_pubsub(self) -> Any:
        return self._redis.pubsub()  # pyright: ignore[reportUnknownMemberType] - **kwargs is untyped

    async def run(self) -> None:
        """Listen until cancelled, through every loss of the connection."""
        failures = 0
        try:
            while True:
                try:
                    await self._listen()
                except (RedisError, OSError) as problem:
                    failures += 1
                    log.warning("no news from Redis (%s); trying again", problem)
                    self.watched.lost()
                    await self._pubsub.aclose()
                    self._pubsub = self._new_pubsub()
                    await asyncio.sleep(backoff_s(min(failures, 5), first_s=0.1, cap_s=2))
        finally:
            await self._pubsub.aclose()
            await self._redis.aclose()

    async def _listen(self) -> None:
        await self._pubsub.subscribe(key("news"))
        await self.watched.opened(self._pubsub)
        self.hear(["gap"])
        for told in [each for readers in self._readers.values() for each in readers]:
            told.set()
        is_asked = False
        while True:
            message = await self._pubsub.get_message(timeout=QUIET_S)
            if message is None and is_asked:  # a host that is gone sends no word of it
                raise RedisConnectionError(f"silent for {2 * QUIET_S:g} s")
            is_asked = message is None
            if message is None:
                await self._pubsub.ping()
            else:
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] in {"message", "pmessage"}:
            self.watched.heard(message["channel"])
        if message["type"] == "message":
            self._dispatch(message["channel"], message["data"])

    def _dispatch(self, channel: str, text: str) -> None:
        if channel == key("news"):
            self.hear(text.split(" "))
        for told in self._readers.get(channel, ()):
            told.set()

    async def follow(self, job_id: str, after: str) -> AsyncGenerator[Event | None]:
        """The job's events behind `after` ("0" for all), until it has ended.

        None now and then when there is nothing new.
        """
        with self._reading(key("events", job_id)) as told:
            await self.watched.add(job_id)
            try:
                while True:
                    told.clear()
                    async for event in self._stored(job_id, after):
                        after = event.id
                        yield event
                    if await self._has_ended(job_id, after):
                        return
                    try:
                        await asyncio.wait_for(told.wait(), FALLBACK_S)
                    except TimeoutError:
                        yield None
            finally:
                await self.watched.drop(job_id)

    async def _stored(self, job_id: str, after: str) -> AsyncIterator[Event]:
        entries = await self.client.command("XRANGE", key("events", job_id), f"({after}", "+")
        for entry_id, fields in entries:
            yield _event(job_id, entry_id, fields)

    async def _has_ended(self, job_id: str, after: str) -> bool:
        state = await self.client.command("HGET", key("job", job_id), "state")
        if state is not None and not JobState(state).is_terminal:
            return False
        newest = await self.client.command("XREVRANGE", key("events", job_id), "+", "-", "COUNT", 1)
        return not newest or newest[0][0] == after

    @contextlib.contextmanager
    def _reading(self, channel: str) -> Generator[asyncio.Event]:
        told = asyncio.Event()
        self._readers.setdefault(channel, set()).add(told)
        try:
            yield told
        finally:
            self._readers[channel].discard(told)
            if not self._readers[channel]:
                del self._readers[channel]


async def publish(client: Client, words: str) -> None:
    """Tell every hub, this one too: a verb and its words."""
    await client.command("PUBLISH", key("news"), words)


def _event(job_id: str, entry_id: str, fields: dict[str, str]) -> Event:
    details = fields.get("details")
    progress = fields.get("progress")
    return Event(
        id=entry_id,
        event=fields["event"],
        job_id=job_id,
        status=JobState(fields["status"]),
        attempt=int(fields["attempt"]),
        worker_id=fields["worker_id"] or None,
        at=int(fields["at"]),
        progress=None if progress is None else float(progress),
        message=fields.get("message") or None,
        details=cast("dict[str, Any]", load_json(details)) if details else None,
    )
