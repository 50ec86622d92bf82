#!lua flags=allow-oom
-- lapse: removes a machine that has not been seen for long, as if it had been revoked. Said twice it
-- means the same: no reply is kept.
-- ARGV: machine, unseen_ms
-- Reply: lapsed | kept
local machine, unseen_ms = unpack(ARGV)

local seen_at = redis.call('ZSCORE', KEY.machines, machine)
if not seen_at or tonumber(seen_at) + unseen_ms > now_ms() then return { 'kept' } end

redis.call('DEL', KEY.machine .. machine)
redis.call('ZREM', KEY.machines, machine)
redis.call('PUBLISH', KEY.news, 'revoke ' .. machine)
return { 'lapsed' }
