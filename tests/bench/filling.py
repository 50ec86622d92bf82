"""Fills a queue with waiting jobs as `submit.lua` does, thousands of them in one call."""

from attrs import frozen

from hub.store.client import LUA, assembled
from hub.store.keys import ROOT
from hub.store.lanes import canonical, digest
from shared.matching import Capability, Requirement
from tests.support.store import Store

CHUNK = 2_000
"""Jobs in one call: a fraction of a second of Redis' only thread."""
HELD_AT_ONCE = 100

_MANY = """#!lua
-- ARGV: the number of the first job, how many, then id and requirement of each lane
local given, lanes = ARGV, (#ARGV - 2) / 2
local function submit(ARGV)
%s
end
for number = given[1], given[1] + given[2] - 1 do
  local lane = 3 + number %% lanes * 2
  submit({ 'op' .. number, 'job' .. number, given[lane], given[lane + 1], 'noop', '{}',
    '50', '', '3', '', '', '', '', '0' })
end
return { 'filled' }
"""


@frozen
class Filling:
    """What is to wait, over the lanes in turn.

    A lane exists as long as a job of it has not ended. Where there are to be fewer waiting jobs
    than lanes, another worker holds the jobs of the first lanes, which are empty then.
    """

    jobs: int
    lanes: int

    @property
    def services(self) -> tuple[str, ...]:
        """What the jobs of each lane require, in the order of their first jobs."""
        return tuple(f"service-{number:05}" for number in range(self.lanes))

    async def fill(self, store: Store) -> None:
        """Bring `store`, which must be empty, to that state."""
        submitted = max(self.jobs, self.lanes)
        await _submit(store, submitted, self.services)
        await _hold(store, submitted - self.jobs, self.services)


async def _submit(store: Store, jobs: int, services: tuple[str, ...]) -> None:
    library, submit = ((LUA / name).read_text() for name in ("_lib.lua", "submit.lua"))
    script = assembled(_MANY % submit.removeprefix("#!lua\n"), library)
    sha = await store.client.redis.script_load(script)
    texts = [canonical(Requirement(service_type=service)) for service in services]
    lanes = [word for text in texts for word in (digest(text), text)]
    for first in range(0, jobs, CHUNK):
        count = min(CHUNK, jobs - first)
        await store.client.redis.evalsha(sha, 1, ROOT, first, count, *lanes)


async def _hold(store: Store, jobs: int, services: tuple[str, ...]) -> None:
    holder = await store.hand("holder", capability=Capability(services=services), slots=jobs)
    for first in range(0, jobs, HELD_AT_ONCE):
        await holder.claim(min(HELD_AT_ONCE, jobs - first))
