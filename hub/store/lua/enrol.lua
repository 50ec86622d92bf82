#!lua
-- enrol: a machine shows a token and gets a credential of its own. Asked again with the same digest
-- of its credential it is enrolled already, also when the token is used up: no reply is kept.
-- ARGV: id of the token, digest of the token, machine, name, digest of its credential
-- Reply: enrolled | refused: there is no such token, or none any more
local id, digest, machine, name, credential = unpack(ARGV)

local token = KEY.enrolment .. id
local known = redis.call('HMGET', token, 'digest', 'uses')
if redis.call('HGET', KEY.machine .. machine, 'digest') == credential then return { 'enrolled' } end
if known[1] ~= digest or tonumber(known[2]) < 1 then return { 'refused' } end
local at = text(now_ms())

redis.call('HINCRBY', token, 'uses', -1)
redis.call('HSET', KEY.machine .. machine, 'digest', credential, 'name', name, 'enrolled_at', at)
redis.call('ZADD', KEY.machines, at, machine)
return { 'enrolled' }
