#!lua flags=allow-oom
-- confirm: what became of a cancelled attempt at its worker. Said twice it means the same.
-- ARGV: job, attempt, lease, problem (why its engine goes on, or ''),
--   partial (the files that it had put out, as JSON, or '')
-- Reply: confirmed | superseded: the job was not cancelled in this attempt
local id, attempt, lease, problem, partial = unpack(ARGV)

local job = load_job(id)
if not job or job.state ~= 'cancelled' or not is_same_attempt(job, attempt, lease) then
  return { 'superseded' }
end

local at = now_ms()
redis.call('HSET', KEY.job .. id, 'stopped', problem == '' and '1' or '0', 'stop_message', problem)
if partial ~= '' then redis.call('HSET', KEY.job .. id, 'partial', partial) end
tell(job, problem == '' and 'stopped' or 'not_stopped', at, { 'message', problem })
return { 'confirmed' }
