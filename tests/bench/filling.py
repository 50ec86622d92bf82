"""Fills a queue with waiting jobs, a million in seconds."""

from attrs import frozen

from hub.store.keys import ROOT
from hub.store.scripts import assembled, library
from shared.jobs import JobSpec
from shared.matching import Capability, Requirement
from tests.support.store import Store

_COPIES_AT_ONCE = 10_000  # a second of a busy machine; Redis is deaf meanwhile
_HELD_AT_ONCE = 100

_COPY = """#!lua
-- ARGV: how many copies to make, then the jobs to copy in turn
local models, copies, index = {}, tonumber(ARGV[1]), {}
for i = 2, #ARGV do models[i - 1] = load_job(ARGV[i]) end
local last = redis.call('INCRBY', KEY.seq, copies)
for number = 0, copies - 1 do
  local model, seq = models[number % #models + 1], text(last - copies + 1 + number)
  local id = 'copy-' .. seq
  local member = string.sub(model.member, 1, 21) .. string.format('%012d:%s', seq, id)
  redis.call('COPY', KEY.job .. model.id, KEY.job .. id)
  redis.call('HSET', KEY.job .. id, 'seq', seq, 'member', member)
  redis.call('ZADD', KEY.lane .. model.lane, model.score, member)
  redis.call('HINCRBY', KEY.lane_jobs, model.lane, 1)
  table.insert(index, seq)
  table.insert(index, id)
  if #index == 2000 or number == copies - 1 then
    for _, key in ipairs({ KEY.jobs, KEY.by_type .. 'noop', KEY.by_status .. 'pending' }) do
      redis.call('ZADD', key, unpack(index))
    end
    index = {}
  end
end
redis.call('HINCRBY', KEY.counts, 'waiting:type:noop', copies)
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
        """Bring `store`, which must be empty, to that state: one job a lane, then copies of it."""
        first = [await _submit(store, service) for service in self.services]
        await _copy(store, self.jobs - self.lanes, first)
        await _hold(store, self.lanes - self.jobs, self.services)


async def _submit(store: Store, service: str) -> str:
    requirement = Requirement(service_type=service)
    return (
        await store.jobs.submit(JobSpec(type="noop", payload={}, requirement=requirement))
    ).job_id


async def _copy(store: Store, copies: int, jobs: list[str]) -> None:
    script = assembled(_COPY, library())
    digest = await store.client.redis.script_load(script)
    for done in range(0, copies, _COPIES_AT_ONCE):
        count = min(_COPIES_AT_ONCE, copies - done)
        await store.client.redis.evalsha(digest, 1, ROOT, count, *jobs)


async def _hold(store: Store, jobs: int, services: tuple[str, ...]) -> None:
    if jobs <= 0:
        return
    holder = await store.hand("holder", capability=Capability(services=services), slots=jobs)
    for done in range(0, jobs, _HELD_AT_ONCE):
        await holder.claim(min(_HELD_AT_ONCE, jobs - done))
