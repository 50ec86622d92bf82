"""The one way to Redis: commands that are asked for together travel together.

Calls made in one turn of the loop are one batch. The next one follows on the same connection
without waiting for the answers, so that the order of calls is the order in Redis, and nothing
waits for the fsync of something else. A call whose answer is lost has an unknown outcome; it is
repeated with the same arguments, and the scripts act once for each operation id. The client itself
never retries (redis-py would, without telling).
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from attrs import define, field
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, OutOfMemoryError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from tenacity import (
    AsyncRetrying,
    RetryError,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from hub.store.connecting import redis_at
from hub.store.keys import ROOT, key
from hub.store.line import Command, Line
from hub.store.scripts import verbs

log = logging.getLogger(__name__)

BATCH_LIMIT = 512
PASSING = {
    "LOADING", "BUSY", "READONLY", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOSCRIPT",
    "NOREPLICAS",
}  # fmt: skip
"""Codes of errors that pass by themselves; nothing was written."""


class StoreUnavailableError(Exception):
    """Redis did not answer in time. Whether the call was carried out is not known."""


class StoreFullError(Exception):
    """Redis is out of memory and refused to write. Nothing was written."""


class _PassingError(Exception):
    """Worth another try with the same arguments."""


@define
class _Call:
    command: Command
    answer: asyncio.Future[Any]
    loads: int  # how often the scripts had been loaded when it was made


@define
class Client:
    """A connection to Redis, with the scripts of `lua/` by name."""

    redis: Redis
    patience_s: float = 10.0  # how long one call is repeated before it is given up
    instance: str | None = None  # the id of the queue that every connection must lead to
    _waiting: list[_Call] = field(factory=list, init=False)
    _flusher: asyncio.Task[None] | None = field(default=None, init=False)
    _line: Line | None = field(default=None, init=False)
    _loads: int = field(default=0, init=False)
    _scripts: dict[str, str] = field(factory=dict, init=False)
    _digests: dict[str, str] = field(factory=dict, init=False)

    @classmethod
    def connect(cls, url: str, patience_s: float = 10.0) -> "Client":
        """A client for what `url` names; nothing is sent yet."""
        return cls(redis_at(url), patience_s)

    async def open(self) -> None:
        """Load the scripts. Raises `StoreUnavailableError`."""
        self._scripts = dict(verbs())
        await self._load_scripts()

    async def close(self) -> None:
        """Finish what is under way and hang up."""
        if self._flusher is not None:
            await self._flusher
        await self._hang_up()
        await self.redis.aclose()

    async def script(self, verb: str, *arguments: str | float) -> list[Any]:
        """Run `lua/<verb>.lua`. Raises `StoreUnavailableError` or `StoreFullError`."""
        return cast("list[Any]", await self.command("EVALSHA", verb, 1, ROOT, *arguments))

    async def command(self, *command: str | float) -> Any:
        """Send one command. Raises `StoreUnavailableError` or `StoreFullError`."""
        try:
            return await self._ask(command)
        except _PassingError:
            return await self._ask_again(command)

    async def _ask_again(self, command: Command) -> Any:
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_delay(self.patience_s),
            wait=wait_random_exponential(multiplier=0.05, max=1),
        )
        try:
            return await attempts(self._ask, command)
        except RetryError as failure:
            cause = failure.last_attempt.exception()
            raise StoreUnavailableError(f"Redis does not answer: {cause}") from cause

    async def _ask(self, command: Command) -> Any:
        call = _Call(command, asyncio.get_running_loop().create_future(), self._loads)
        self._waiting.append(call)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name="store-flush")
        return await call.answer

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:BATCH_LIMIT]
                del self._waiting[:BATCH_LIMIT]
                await self._send(batch)
        finally:
            self._flusher = None

    async def _send(self, batch: Sequence[_Call]) -> None:
        try:
            line = await self._usable_line()
            await line.send(
                [(self._resolved(call.command), partial(self._answered, call)) for call in batch]
            )
        except (RedisError, OSError) as problem:
            for call in batch:
                _settle(call.answer, problem)

    async def _usable_line(self) -> Line:
        if self._line is not None and self._line.is_broken:
            await self._hang_up()
        if self._line is None:
            self._line = await Line.open(self.redis)
            await self._recognise(self._line)
        return self._line

    async def _recognise(self, line: Line) -> None:
        """A server that came back empty, or a replica that never had the queue, is none of ours."""
        if self.instance is None:
            return
        found = await line.ask("GET", key("instance"))
        if found != self.instance:
            await self._hang_up()
            stranger = RedisConnectionError("this Redis is empty, or holds another queue")
            raise found if isinstance(found, RedisError) else stranger

    async def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _answered(self, call: _Call, answer: Any) -> None:
        if isinstance(answer, NoScriptError) and call.loads == self._loads:
            with contextlib.suppress(StoreUnavailableError):  # the calls themselves will tell
                await self._load_scripts()
        _settle(call.answer, answer)

    def _resolved(self, command: Command) -> Command:
        if command[0] != "EVALSHA":
            return command
        return ("EVALSHA", self._digests[str(command[1])], *command[2:])

    async def _load_scripts(self) -> None:
        try:
            for verb, source in self._scripts.items():
                self._digests[verb] = str(await self.redis.script_load(source))
            self._loads += 1
        except (RedisError, OSError) as problem:
            raise StoreUnavailableError(f"Redis does not answer: {problem}") from problem


def _settle(answer: asyncio.Future[Any], value: Any) -> None:
    if answer.done():  # the caller was cancelled
        return
    if isinstance(value, Exception):
        answer.set_exception(_classified(value))
    else:
        answer.set_result(value)


def _classified(problem: Exception) -> Exception:
    if isinstance(problem, OutOfMemoryError):
        return StoreFullError("Redis is out of memory")
    is_lost = isinstance(problem, (RedisConnectionError, RedisTimeoutError, OSError))
    if is_lost or _code(problem) in PASSING:
        return _PassingError(str(problem))
    return problem


def _code(problem: Exception) -> str:
    """The first word of an error reply; redis-py takes those that it knows out of the text."""
    known = problem.status_code if isinstance(problem, RedisError) else None
    return known or str(problem).partition(" ")[0]
