#!lua flags=allow-oom
-- reap: takes back a lease that ran out. Nothing happens when the lease is not the one that was
-- read, or was renewed since. Past the deadline it is a failure, else a loss: then the old holder
-- may still come back with the result.
-- ARGV: op, job, attempt, lease, max_losses, delay_ms
-- Reply: pending | delayed | failed | kept
local op, id, attempt, lease, max_losses, delay_ms = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local job = load_job(id)
if not job or not holds(job, attempt, lease) then return { 'kept' } end
local at = now_ms()
if tonumber(redis.call('ZSCORE', KEY.leases, id)) > at then return { 'kept' } end

if job.deadline_at and tonumber(job.deadline_at) <= at then
  return keep_reply(op, { fail_attempt(job, at, {
    verb = 'reap', op = op, reason = 'timeout', error = 'ran longer than its timeout allows',
    error_class = 'timeout', details = '{}', is_retryable = true, delay_ms = delay_ms,
  }) })
end
return keep_reply(op, { lose_attempt(job, at, {
  verb = 'reap', op = op, reason = 'lease_expired', event = 'lost', max_losses = max_losses,
  is_adoptable = true,
}) })
