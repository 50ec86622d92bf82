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

reprioritise(job, priority, now_ms(), { verb = 'prioritise', op = op })
return keep_reply(op, { 'prioritised' })
