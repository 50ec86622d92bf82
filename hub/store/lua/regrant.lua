#!lua flags=allow-oom
-- regrant: gives every live lease a fresh full term, after the hub or Redis was away or the clock
-- of Redis was set. Deadlines move with the clock.
-- ARGV: op, ttl_ms, shift_ms
-- Reply: regranted, how many
local op, ttl_ms, shift_ms = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local at = now_ms()
local ids = redis.call('ZRANGE', KEY.leases, 0, -1)
for _, id in ipairs(ids) do
  local job = load_job(id)
  if job.deadline_at and shift_ms ~= '0' then
    job.deadline_at = text(job.deadline_at + shift_ms)
    redis.call('HSET', KEY.job .. id, 'deadline_at', job.deadline_at)
  end
  extend_lease(job, at, ttl_ms)
end
return keep_reply(op, { 'regranted', #ids })
