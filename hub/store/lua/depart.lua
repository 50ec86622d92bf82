#!lua flags=allow-oom
-- depart: a worker's connection is gone. It claims nothing more, and its leases end soon, unless
-- it returns. Which models it has is told anew on each connection.
-- ARGV: op, worker, session, grace_ms
-- Reply: departed, how many leases it had | evicted
local op, worker, session, grace_ms = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end
local known = redis.call('HMGET', KEY.worker .. worker, 'session', 'class')
if known[1] ~= session then return { 'evicted' } end
local held = redis.call('SMEMBERS', KEY.held .. worker)

local at = now_ms()
redis.call('HSET', KEY.worker .. worker, 'session', '', 'status', 'offline', 'gone_at', text(at))
redis.call('DEL', KEY.models .. worker)
leave_class(known[2])
for _, id in ipairs(held) do redis.call('ZADD', KEY.leases, 'LT', text(at + grace_ms), id) end
return keep_reply(op, { 'departed', #held })
