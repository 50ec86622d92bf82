#!lua flags=allow-oom
-- progress: how far an attempt is. Renews its lease. Said twice it means the same: no reply is kept.
-- ARGV: job, attempt, lease, ttl_ms, percent, message, details (JSON)
-- Reply: progressed | superseded
local id, attempt, lease, ttl_ms, percent, message, details = unpack(ARGV)

local job = load_job(id)
if not job or not holds(job, attempt, lease) then return { 'superseded' } end

local at = now_ms()
grant_lease(job, at, ttl_ms)
redis.call('HSET', KEY.job .. id, 'progress', percent, 'progress_message', message,
  'progress_details', details)
tell(job, 'progress', at, { 'progress', percent, 'message', message, 'details', details })
return { 'progressed' }
