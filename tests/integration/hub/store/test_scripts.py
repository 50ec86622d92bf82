"""What holds for every script: it reads all that decides before it changes anything."""

import re
from collections.abc import AsyncGenerator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from hub.store.client import Client
from hub.store.keys import ROOT, key
from hub.store.scripts import LUA, assembled, library
from shared.states import TRANSITIONS
from tests.support.audit import audit_indexes
from tests.support.dumps import dump
from tests.support.scenes import OP, SCENES, Scene
from tests.support.store import Store

# A debug build: the call of Redis whose number is the last argument fails, as on a broken server.
BROKEN = """
local fatal = tonumber(table.remove(ARGV))
local redis = (function(whole)
  local calls = 0
  return setmetatable({ call = function(name, ...)
    calls = calls + 1
    if calls == fatal then error('broken at ' .. name .. '.') end
    return whole.call(name, ...)
  end }, { __index = whole })
end)(redis)
"""

READS = {
    "TIME", "GET", "HGET", "HMGET", "HEXISTS", "ZRANGE", "ZRANK", "ZSCORE", "ZMSCORE", "ZCARD",
    "SCARD", "SMEMBERS", "LRANGE", "EXISTS", "HLEN", "HGETALL",
}  # fmt: skip


@pytest.fixture
async def plain(redis_url: str) -> AsyncGenerator[Store]:
    """A store that is not audited: after an error of the server it may disagree with itself."""
    client = Client.connect(redis_url)
    await client.open()
    await client.redis.config_set("appendfsync", "no")
    yield Store.over(client)
    await client.redis.config_set("appendfsync", "always")
    await client.redis.flushall()
    await client.close()


async def broken_run(store: Store, scene: Scene, fatal: int) -> tuple[str | None, bool]:
    """The command at which the script broke, or None; and whether anything had changed."""
    redis = store.client.redis
    await redis.flushall()
    arguments = await scene.arrange(store)
    script = (LUA / f"{scene.verb}.lua").read_text()
    source = assembled(script, BROKEN + library())
    before = await dump(redis)
    try:
        await _run(redis, source, *arguments, fatal)
    except ResponseError as problem:
        (command,) = re.findall(r"broken at ([A-Z]+)\.", str(problem))
        return command, await dump(redis) != before
    return None, await dump(redis) != before


async def _run(redis: Redis, source: str, *arguments: str | int) -> None:
    await redis.execute_command("EVAL", source, 1, ROOT, *arguments)


@pytest.mark.parametrize("name", SCENES)
async def test_a_script_changes_nothing_before_it_has_read_all_that_decides(
    plain: Store, name: str
) -> None:
    """Only an error of the server itself, after the first change, can leave a script half done."""
    scene, commands = SCENES[name], list[str]()
    while True:
        command, is_changed = await broken_run(plain, scene, len(commands) + 1)
        if command is None:
            break
        is_first_part = set(commands) <= READS
        assert not (is_changed and is_first_part), f"changed something before {command}"
        is_kept = await plain.client.command("EXISTS", key("op", OP))
        assert not is_kept or await audit_indexes(plain.client.redis) == []
        commands.append(command)
    assert is_changed
    assert await audit_indexes(plain.client.redis) == []
    first_change = next(at for at, command in enumerate(commands) if command not in READS)
    later_reads = READS & set(commands[first_change:])
    assert later_reads <= scene.reads_between_writes | {"EXISTS"}  # whether room is news


def test_every_script_has_a_scene_and_every_transition_a_script() -> None:
    # The server itself refuses a change to a script that says no-writes.
    scripts = {path.stem for path in LUA.glob("[a-z]*.lua") if "no-writes" not in path.read_text()}
    assert {scene.verb for scene in SCENES.values()} == scripts
    assert {each.verb for each in TRANSITIONS} <= scripts
