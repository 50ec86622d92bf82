"""Everything that a server holds, to be compared."""

import json
from collections.abc import Callable
from typing import Any, cast

from redis.asyncio import Redis

from hub.store.keys import key

Dump = dict[str, Any]
"""Key to value: str, list, set or dict, by the key's type."""

# One call for all keys: with a call for each, the tests would wait for little else.
_DUMP = """
local readers = {
  string = { 'GET' }, hash = { 'HGETALL' }, set = { 'SMEMBERS' }, list = { 'LRANGE', 0, -1 },
  zset = { 'ZRANGE', 0, -1, 'WITHSCORES' }, stream = { 'XRANGE', '-', '+' },
}
local function read(name, type_)
  local command, from, to, how = unpack(readers[type_])
  if how then return redis.call(command, name, from, to, how) end
  if from then return redis.call(command, name, from, to) end
  return redis.call(command, name)
end

local found = {}
for _, name in ipairs(redis.call('KEYS', '*')) do
  if string.sub(name, 1, #ARGV[1]) ~= ARGV[1] then
    local type_ = redis.call('TYPE', name).ok
    found[name] = { type_, read(name, type_) }
  end
end
return cjson.encode(found)
"""


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


_READERS: dict[str, Callable[[Any], Any]] = {
    "string": str,
    "hash": _pairs,
    "set": set,
    "list": list,
    "zset": lambda flat: {member: float(score) for member, score in _pairs(flat).items()},
    "stream": lambda entries: [(entry_id, _pairs(flat)) for entry_id, flat in entries],
}


async def dump_text(redis: Redis) -> str:
    """Every key with its value, but for the replies kept under operation ids; to be read."""
    return cast("str", await redis.eval(_DUMP, 0, key("op")))


def read_dump(text: str) -> Dump:
    """What `dump_text` has told."""
    found: dict[str, tuple[str, Any]] = json.loads(text)
    return {name: _READERS[type_](value) for name, (type_, value) in sorted(found.items())}


async def dump(redis: Redis) -> Dump:
    """Every key with its value, but for the replies kept under operation ids."""
    return read_dump(await dump_text(redis))


def without(facts: Dump, *names: str) -> Dump:
    """The dump less the named keys."""
    return {name: value for name, value in facts.items() if name not in names}
