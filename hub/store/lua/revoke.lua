#!lua flags=allow-oom
-- revoke: a machine's credential opens nothing any more, and its connections are closed.
-- ARGV: op, machine
-- Reply: revoked | unknown
local op, machine = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end
if redis.call('EXISTS', KEY.machine .. machine) == 0 then return { 'unknown' } end

redis.call('DEL', KEY.machine .. machine)
redis.call('ZREM', KEY.machines, machine)
redis.call('PUBLISH', KEY.news, 'revoke ' .. machine)
return keep_reply(op, { 'revoked' })
