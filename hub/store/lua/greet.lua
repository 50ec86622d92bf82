#!lua
-- greet: a machine has connected. Said twice it means the same: no reply is kept.
-- ARGV: machine, the agent's id
-- Reply: greeted | unknown: it was revoked
local machine, agent = unpack(ARGV)

local key = KEY.machine .. machine
if redis.call('EXISTS', key) == 0 then return { 'unknown' } end
local at = text(now_ms())

redis.call('HSET', key, 'connected_at', at, 'agent', agent)
redis.call('ZADD', KEY.machines, at, machine)
return { 'greeted' }
