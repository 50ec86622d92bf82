#!lua flags=allow-oom
-- forget: removes the record of a worker that has not been heard of for long and holds nothing.
-- ARGV: worker, silent_ms
-- Reply: forgotten | kept
local worker, silent_ms = unpack(ARGV)

local heard_at = redis.call('ZSCORE', KEY.workers, worker)
if not heard_at or tonumber(heard_at) + silent_ms > now_ms() then return { 'kept' } end
if redis.call('SCARD', KEY.held .. worker) > 0 then return { 'kept' } end
local known = redis.call('HMGET', KEY.worker .. worker, 'session', 'class')

if known[1] ~= '' then leave_class(known[2]) end
redis.call('DEL', KEY.worker .. worker, KEY.models .. worker)
redis.call('ZREM', KEY.workers, worker)
return { 'forgotten' }
