#!lua flags=allow-oom
-- confirm: what became of a cancelled attempt at its worker. Said twice it means the same.
-- ARGV: job, attempt, lease, stopped (1 or 0), message (why not, or '')
-- Reply: confirmed | superseded: the job was not cancelled in this attempt
local id, attempt, lease, stopped, message = unpack(ARGV)

local job = load_job(id)
if not job or job.state ~= 'cancelled' or not is_same_attempt(job, attempt, lease) then
  return { 'superseded' }
end

redis.call('HSET', KEY.job .. id, 'stopped', stopped, 'stop_message', message)
tell(job, stopped == '1' and 'stopped' or 'not_stopped', now_ms(), { 'message', message })
return { 'confirmed' }
