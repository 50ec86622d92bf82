#!lua flags=allow-oom
-- expire: the deadline of a job has passed, and it has not finished. It ends, wherever it is.
-- ARGV: op, job
-- Reply: failed | kept
local op, id = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local job = load_job(id)
local at = now_ms()
if not job or not is_leased(job) and not is_waiting(job) then return { 'kept' } end
if not job.ends_by or tonumber(job.ends_by) > at then return { 'kept' } end

local told = { error = 'did not finish before its deadline', error_class = 'timeout', details = '{}' }
if is_leased(job) then
  end_lease(job)
  record_attempt(job, at, 'expire', 'deadline', told)
  redis.call('PUBLISH', KEY.news, 'cancel ' .. id .. ' ' .. job.worker)
else
  leave_waiting(job)
end
redis.call('HDEL', KEY.job .. id, 'adoptable', 'not_before')
return keep_reply(op, { bury(job, at, {
  verb = 'expire', op = op, reason = 'deadline', error_class = told.error_class,
  fields = { 'error', told.error, 'error_class', told.error_class, 'error_details', told.details },
  told = { 'message', told.error },
}) })
