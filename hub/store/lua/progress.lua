#!lua flags=allow-oom
-- progress: how far an attempt is. Renews its lease. Said twice it means the same: no reply is kept.
-- ARGV: job, attempt, lease, ttl_ms, percent, message, details (JSON)
-- Reply: progressed | superseded
local id, attempt, lease, ttl_ms, percent, message, details = unpack(ARGV)

local job = load_job(id)
if not job or not holds(job, attempt, lease) then return { 'superseded' } end

local at = now_ms()
extend_lease(job, at, ttl_ms)
advance(job, at, percent, message, details)
return { 'progressed' }
