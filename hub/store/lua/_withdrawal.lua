-- Ending a job from outside, behind _lib.lua.

-- The job is neither ended nor unknown; its worker is told.
local function cancel_job(job, at, op, why)
  if is_leased(job) then
    end_lease(job)
    record_attempt(job, at, 'cancel', 'cancelled', { error = why })
    redis.call('PUBLISH', KEY.news, 'cancel ' .. job.id .. ' ' .. job.worker)
  else
    leave_waiting(job)
  end
  redis.call('HDEL', KEY.job .. job.id, 'adoptable', 'not_before', 'error_class')
  retire(job, 'cancelled', at)
  enter(job, 'cancelled', at, {
    verb = 'cancel', op = op, reason = 'cancelled', event = 'cancelled',
    fields = { 'finished_at', text(at), 'error', why }, told = { 'message', why },
  })
end
