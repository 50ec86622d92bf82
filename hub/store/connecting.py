"""Opens what `REDIS_URL` names: one server, or whichever is the master now, by Redis Sentinel."""

from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
)
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from hub.redis_url import SentinelUrl, sentinel_url

CALL_TIMEOUT_S = 5.0
SENTINEL_TIMEOUT_S = 1.0
"""A Sentinel that does not answer within this is passed over for the next."""


def redis_at(url: str) -> Redis:
    """A client for `url`, which never retries; nothing is sent yet."""
    options: dict[str, Any] = {
        "decode_responses": True,
        "encoding_errors": "surrogatepass",  # JSON may hold half a pair, and gets it back
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": CALL_TIMEOUT_S,
        "socket_connect_timeout": CALL_TIMEOUT_S,
    }
    watched = sentinel_url(url)
    if watched is not None:
        return _master(watched, options)
    return Redis.from_url(url, **options)  # pyright: ignore[reportUnknownMemberType] - **kwargs is untyped


def _master(url: SentinelUrl, options: dict[str, Any]) -> Redis:
    asking = options | {
        "socket_timeout": SENTINEL_TIMEOUT_S,
        "socket_connect_timeout": SENTINEL_TIMEOUT_S,
        "username": url.sentinel_username,
        "password": url.sentinel_password,
    }
    return Sentinel(url.sentinels, sentinel_kwargs=asking).master_for(  # pyright: ignore[reportUnknownMemberType] - **kwargs is untyped
        url.service,
        connection_pool_class=_MasterPool,
        connection_class=_MasterConnection,
        db=url.db,
        username=url.username,
        password=url.password,
        **options,
    )


class _MasterPool(SentinelConnectionPool):
    """Closes its connections to the Sentinels, too."""

    async def aclose(self) -> None:
        await super().aclose()
        await cast("Sentinel", self.sentinel_manager).aclose()


class _MasterConnection(SentinelManagedConnection):
    """Asks whether the server takes itself for the master, too: a Sentinel that was cut off names
    the old one, and what that would let us read is old."""

    async def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        await super().on_connect_check_health(check_health)
        await self.send_command("ROLE")
        role = cast("list[str]", await self.read_response())[0]
        if role != "master":
            raise RedisConnectionError(f"the server that Sentinel names is {role}, not master")
