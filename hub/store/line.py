"""One connection to Redis, on which no command waits for the answers to earlier ones."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import hiredis
from attrs import define, field
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import DataError, RedisError, ResponseError

Command = tuple[str | int | float, ...]
Answered = Callable[[Any], Awaitable[None]]
"""Takes the answer to a command, or the exception in its place."""
# The stub of hiredis has a command of one part only.
_pack = cast("Callable[[tuple[bytes | float, ...]], bytes]", hiredis.pack_command)


@define(eq=False)
class Line:
    """Commands go out in the order of the calls, and the answers come in that order.

    When it breaks, all that is unanswered gets the reason, and another line is needed.
    """

    _redis: Redis
    _connection: AbstractConnection
    is_broken: bool = field(default=False, init=False)
    _due: deque[tuple[Command, Answered]] = field(factory=deque, init=False)
    _reader: asyncio.Task[None] | None = field(default=None, init=False)

    @classmethod
    async def open(cls, redis: Redis) -> "Line":
        """A line to the server of `redis`. Raises what connecting raises."""
        return cls(redis, await redis.connection_pool.get_connection())

    async def ask(self, *command: str) -> Any:
        """The answer to one command, or the refusal; before anything else is sent."""
        await self._connection.send_command(*command)
        return await self._answer(command)

    async def send(self, calls: Sequence[tuple[Command, Answered]]) -> None:
        """Write all of them at once. Raises `DataError` for a value that cannot be sent."""
        packed = b"".join([packed_of(command) for command, _ in calls])
        self._due.extend(calls)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read(), name="store-line")
        try:
            await self._connection.send_packed_command(packed, check_health=False)
        except Exception:  # noqa: BLE001 - after a hang-up it may be any; the reader tells the reason
            self.is_broken = True

    async def close(self) -> None:
        """Wait for what is due, and hang up."""
        if self._reader is not None:
            await self._reader
        await self._connection.disconnect()
        await self._redis.connection_pool.release(self._connection)

    async def _read(self) -> None:
        try:
            while self._due:
                answer = await self._answer(self._due[0][0])
                _, answered = self._due.popleft()
                await answered(answer)
        except (RedisError, OSError) as problem:
            await self._break(problem)
        finally:
            self._reader = None

    async def _answer(self, command: Command) -> Any:
        try:
            return await self._redis.parse_response(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - **options is untyped
                self._connection,  # pyright: ignore[reportArgumentType] - unix sockets do as well
                str(command[0]),
            )
        except ResponseError as refusal:
            return refusal

    async def _break(self, problem: Exception) -> None:
        self.is_broken = True
        while self._due:
            _, answered = self._due.popleft()
            await answered(problem)


def packed_of(command: Command) -> bytes:
    """A command as Redis reads it: by hiredis, in a tenth of the time that redis-py takes.

    Raises `DataError` for what is neither text nor a number.
    """
    return _pack(tuple([_sendable(each) for each in command]))


def _sendable(value: object) -> bytes | float:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")  # JSON may hold half a pair
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise DataError(f"expected text or a number for Redis, got {type(value).__name__}")
