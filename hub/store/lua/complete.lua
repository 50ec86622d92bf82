#!lua flags=allow-oom
-- complete: the attempt succeeded. A result that comes after its lease ran out is adopted, as long
-- as nobody has claimed the job since. Told again, it answers the same.
-- ARGV: op, job, attempt, lease, result (JSON)
-- Reply: completed | adopted | superseded
local op, id, attempt, lease, result = unpack(ARGV)

local job = load_job(id)
if not job then return { 'superseded' } end
if job.state == 'completed' and is_same_attempt(job, attempt, lease) then
  return { redis.call('HGET', KEY.job .. id, 'reason') == 'adopted' and 'adopted' or 'completed' }
end

local is_held, is_adopted = holds(job, attempt, lease), can_adopt(job, attempt, lease)
if not is_held and not is_adopted then return { 'superseded' } end

local at = now_ms()
local reason = is_held and 'finished' or 'adopted'
if is_held then end_lease(job) else leave_waiting(job) end
if is_adopted or job.failures ~= '0' then
  redis.call('HDEL', KEY.job .. id, 'adoptable', 'not_before', 'error', 'error_class')
end
local fields = { 'result', result, 'finished_at', text(at), 'progress', '100' }
if not job.started_at then -- it has ended before it was told that it had started
  job.started_at = text(at)
  table.insert(fields, 'started_at')
  table.insert(fields, job.started_at)
  tell(job, 'started', at, {}, 'in_progress')
end
record_attempt(job, at, 'complete', reason)
retire(job, 'completed', at)
enter(job, 'completed', at, {
  verb = 'complete', op = op, reason = reason, event = 'completed', fields = fields,
})
return { is_held and 'completed' or 'adopted' }
