"""Everything that a server holds, to be compared."""

from collections.abc import Callable
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from hub.store.keys import key

Dump = dict[str, Any]
"""Key to value: str, list, set or dict, by the key's type."""

_READERS: dict[str, Callable[[Pipeline, str], object]] = {
    "string": lambda pipeline, name: pipeline.get(name),
    "hash": lambda pipeline, name: pipeline.hgetall(name),
    "set": lambda pipeline, name: pipeline.smembers(name),
    "list": lambda pipeline, name: pipeline.lrange(name, 0, -1),
    "zset": lambda pipeline, name: pipeline.zrange(name, 0, -1, withscores=True),
    "stream": lambda pipeline, name: pipeline.xrange(name),
}


async def dump(redis: Redis) -> Dump:
    """Every key with its value, but for the replies kept under operation ids."""
    every = sorted(cast("list[str]", await redis.keys()))
    names = [name for name in every if not name.startswith(key("op"))]
    types = redis.pipeline(transaction=False)
    for name in names:
        types.type(name)
    values = redis.pipeline(transaction=False)
    kinds = await types.execute()
    for kind, name in zip(kinds, names, strict=True):
        _READERS[kind](values, name)
    found = zip(kinds, names, await values.execute(), strict=True)
    return {name: dict(value) if kind == "zset" else value for kind, name, value in found}


def without(facts: Dump, *names: str) -> Dump:
    """The dump less the named keys."""
    return {name: value for name, value in facts.items() if name not in names}
