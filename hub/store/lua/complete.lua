#!lua flags=allow-oom
-- complete: the attempt succeeded. A result that comes after its lease ran out is adopted, as long
-- as nobody has claimed the job since.
-- ARGV: op, job, attempt, lease, result (JSON)
-- Reply: completed | adopted | superseded
local op, id, attempt, lease, result = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local job = load_job(id)
if not job then return { 'superseded' } end
-- The agent asks again when the answer was lost on its way.
if job.state == 'completed' and is_same_attempt(job, attempt, lease) then return { 'completed' } end

local is_held, is_adopted = holds(job, attempt, lease), can_adopt(job, attempt, lease)
if not is_held and not is_adopted then return { 'superseded' } end

local at = now_ms()
local reason = is_held and 'finished' or 'adopted'
if is_held then end_lease(job) else leave_waiting(job) end
redis.call('HDEL', KEY.job .. id, 'adoptable', 'not_before', 'error', 'error_class')
record_attempt(job, at, 'complete', reason)
retire(job, 'completed', at)
enter(job, 'completed', at, {
  verb = 'complete', op = op, reason = reason, event = 'completed',
  fields = { 'result', result, 'finished_at', text(at), 'progress', '100' },
})
return keep_reply(op, { is_held and 'completed' or 'adopted' })
