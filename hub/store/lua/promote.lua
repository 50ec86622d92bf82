#!lua flags=allow-oom
-- promote: a delayed job whose time has come returns to its place in its lane.
-- ARGV: op, job
-- Reply: pending | kept
local op, id = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local job = load_job(id)
local at = now_ms()
if not job or job.state ~= 'delayed' then return { 'kept' } end
if tonumber(redis.call('ZSCORE', KEY.delayed, id)) > at then return { 'kept' } end

redis.call('ZREM', KEY.delayed, id)
redis.call('HDEL', KEY.job .. id, 'not_before')
enter(job, 'pending', at, { verb = 'promote', op = op, reason = 'due', event = 'due' })
enqueue(job)
return keep_reply(op, { 'pending' })
