#!lua flags=allow-oom
-- fail: the attempt failed. It is tried again after a while, or the job is a dead letter.
-- ARGV: op, job, attempt, lease, error, error_class, retryable (1 or 0), details (JSON), delay_ms
-- Reply: delayed | failed | superseded
local op, id, attempt, lease, error_, error_class, retryable, details, delay_ms = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local job = load_job(id)
if not job or not holds(job, attempt, lease) then return { 'superseded' } end
return keep_reply(op, { fail_attempt(job, now_ms(), {
  verb = 'fail', op = op, reason = 'error', error = error_, error_class = error_class,
  details = details, is_retryable = retryable == '1', delay_ms = delay_ms,
}) })
