#!lua flags=allow-oom
-- start: the worker has begun to run the attempt, and may be some way already.
-- ARGV: op, job, attempt, lease, ttl_ms, percent, message, details (JSON)
-- Reply: started, also when it had been told so | superseded
local op, id, attempt, lease, ttl_ms, percent, message, details = unpack(ARGV)

local job = load_job(id)
if not job or not holds(job, attempt, lease) then return { 'superseded' } end
if job.state == 'in_progress' then return { 'started' } end

local at = now_ms()
local fields = { 'started_at', text(at) }
if job.deadline_at then
  job.deadline_at = text(at + job.timeout_ms)
  table.insert(fields, 'deadline_at')
  table.insert(fields, job.deadline_at)
end
extend_lease(job, at, ttl_ms)
enter(job, 'in_progress', at, {
  verb = 'start', op = op, reason = 'started', event = 'started', fields = fields,
})
if tonumber(percent) > 0 then advance(job, at, percent, message, details) end
return { 'started' }
