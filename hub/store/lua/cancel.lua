#!lua flags=allow-oom
-- cancel: the job ends now, whatever its worker says later.
-- ARGV: op, job, reason (free text)
-- Reply: cancelled, at | unknown | refused, the state it ended in
local op, id, why = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local job = load_job(id)
if not job then return { 'unknown' } end
if not is_leased(job) and not is_waiting(job) then return { 'refused', job.state } end

local at = now_ms()
if is_leased(job) then
  end_lease(job)
  record_attempt(job, at, 'cancel', 'cancelled', { error = why })
  redis.call('PUBLISH', KEY.news, 'cancel ' .. id .. ' ' .. job.worker)
else
  leave_waiting(job)
end
redis.call('HDEL', KEY.job .. id, 'adoptable', 'not_before', 'error_class')
retire(job, 'cancelled', at)
enter(job, 'cancelled', at, {
  verb = 'cancel', op = op, reason = 'cancelled', event = 'cancelled',
  fields = { 'finished_at', text(at), 'error', why }, told = { 'message', why },
})
return keep_reply(op, { 'cancelled', text(at) })
