#!lua flags=allow-oom
-- reorder: a workflow gets another priority, and with it every job of it that has not ended: those
-- that wait move at once, the others have their new place when they return. Steps that are no jobs
-- yet inherit it. Nothing else comes in between.
-- ARGV: op, workflow, priority
-- Reply: reordered, how many jobs | unknown
local op, id, priority = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local at = now_ms()
if redis.call('HEXISTS', KEY.workflow .. id, 'state') == 0 then return { 'unknown' } end

redis.call('HSET', KEY.workflow .. id, 'priority', priority)
local moved = 0
for _, job_id in ipairs(redis.call('ZRANGE', KEY.by_workflow .. id, 0, -1)) do
  local job = load_job(job_id)
  if is_leased(job) or is_waiting(job) then
    reprioritise(job, priority, at, { verb = 'reorder', op = op })
    moved = moved + 1
  end
end
return keep_reply(op, { 'reordered', moved })
