#!lua flags=allow-oom
-- release: a worker gives an unfinished attempt back. The job returns to its place; no retry is
-- charged, but only so many losses are borne.
-- ARGV: op, job, attempt, lease, reason, max_losses, error (empty when there was none)
-- Reply: pending | failed | superseded
local op, id, attempt, lease, reason, max_losses, problem = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local job = load_job(id)
if not job or not holds(job, attempt, lease) then return { 'superseded' } end
return keep_reply(op, { lose_attempt(job, now_ms(), {
  verb = 'release', op = op, reason = reason, event = 'released', max_losses = max_losses,
  attempt = problem ~= '' and { error = problem } or nil,
}) })
