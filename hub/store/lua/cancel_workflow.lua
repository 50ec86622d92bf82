#!lua flags=allow-oom
-- cancel_workflow: what is not done of a workflow is not done any more. No step can join it.
-- ARGV: op, workflow, reason (free text)
-- Reply: cancelled, at, how many jobs | unknown | refused, the state it ended in
local op, id, why = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local at = now_ms()
local state = redis.call('HGET', KEY.workflow .. id, 'state')
if not state then return { 'unknown' } end
if state ~= 'open' and state ~= 'running' then return { 'refused', state } end

local cancelled = 0
for _, job_id in ipairs(redis.call('ZRANGE', KEY.by_workflow .. id, 0, -1)) do
  local job = load_job(job_id)
  if is_leased(job) or is_waiting(job) then
    cancel_job(job, at, op, why)
    cancelled = cancelled + 1
  end
end
each_step(id, 'state', function(name, of)
  if of == 'waiting' then redis.call('HSET', KEY.steps .. id, 'state:' .. name, 'cancelled') end
end)
conclude(id, 'cancelled', at)
return keep_reply(op, { 'cancelled', text(at), cancelled })
