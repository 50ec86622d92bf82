#!lua flags=allow-oom
-- renew: a worker is alive and keeps the leases it names. One that had run out, but that nobody
-- has claimed since, is taken up again. Said twice it means the same: no reply is kept.
-- ARGV: op, worker, session, ttl_ms, status, system (JSON or ''), then job, attempt, lease of each
-- Reply: renewed, then 1 or 0 for each lease: whether it is still the worker's | evicted
local op, worker, session, ttl_ms, status, system = unpack(ARGV, 1, 6)

if redis.call('HGET', KEY.worker .. worker, 'session') ~= session then return { 'evicted' } end

local at = now_ms()
redis.call('ZADD', KEY.workers, text(at), worker)
if status ~= '' then redis.call('HSET', KEY.worker .. worker, 'status', status) end
if system ~= '' then redis.call('HSET', KEY.worker .. worker, 'system', system) end

local function adopt(job)
  leave_waiting(job)
  redis.call('HDEL', KEY.job .. job.id, 'adoptable', 'not_before')
  grant_lease(job, at, ttl_ms)
  enter(job, 'in_progress', at, {
    verb = 'renew', op = op, reason = 'adopted', event = 'adopted',
  })
end

local reply = { 'renewed' }
for i = 7, #ARGV, 3 do
  local job = load_job(ARGV[i])
  local is_held = job and holds(job, ARGV[i + 1], ARGV[i + 2])
  local is_adopted = job and can_adopt(job, ARGV[i + 1], ARGV[i + 2])
  if is_held then extend_lease(job, at, ttl_ms) end
  if is_adopted then adopt(job) end
  table.insert(reply, (is_held or is_adopted) and 1 or 0)
end
return reply
