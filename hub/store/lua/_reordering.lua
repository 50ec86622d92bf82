-- Another priority for a job, behind _lib.lua.

-- The job has not ended. If it waits in its lane it moves at once, else it has its new place when it
-- returns. `how`: verb, op.
local function reprioritise(job, priority, at, how)
  if job.state == 'pending' then dequeue(job) end
  job.score = text(-tonumber(priority))
  redis.call('HSET', KEY.job .. job.id, 'priority', priority, 'score', job.score)
  if job.state == 'pending' then enqueue(job) end
  witness(job, job.state, job.state, at, { verb = how.verb, op = how.op, reason = 'reordered' })
end
