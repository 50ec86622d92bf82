#!lua flags=allow-oom
-- prioritise: a job that has not ended gets another priority. One that waits moves at once, another
-- has its new place when it returns. Steps have the priority of their workflow: see reorder.
-- ARGV: op, job, priority
-- Reply: prioritised | unknown | refused, the state it ended in | step, its workflow
local op, id, priority = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local job = load_job(id)
if not job then return { 'unknown' } end
if not is_leased(job) and not is_waiting(job) then return { 'refused', job.state } end
if job.workflow ~= '' then return { 'step', job.workflow } end

local at = now_ms()
job.score = text(-tonumber(priority))
redis.call('HSET', KEY.job .. id, 'priority', priority, 'score', job.score)
if job.state == 'pending' then enqueue(job) end
witness(job, job.state, job.state, at, { verb = 'prioritise', op = op, reason = 'reordered' })
return keep_reply(op, { 'prioritised' })
