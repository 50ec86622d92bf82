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
cancel_job(job, at, op, why)
return keep_reply(op, { 'cancelled', text(at) })
