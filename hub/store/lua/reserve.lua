#!lua
-- reserve: a request with an idempotency key wants to act. One that has the key already and never
-- came back holds it for a while only; one that was answered is told again.
-- ARGV: id of the key, fingerprint of the request, holder, hold_ms, ttl_ms
-- Reply: reserved | busy | other: the key was used for another request | kept, the answer
local id, fingerprint, holder, hold_ms, ttl_ms = unpack(ARGV)

local key = KEY.answer .. id
local has = redis.call('HMGET', key, 'fingerprint', 'holder', 'held_until', 'answer')
if has[1] and has[1] ~= fingerprint then return { 'other' } end
if has[4] then return { 'kept', has[4] } end
local at = now_ms()
local is_held = has[1] and tonumber(has[3]) > at
if is_held and has[2] ~= holder then return { 'busy' } end

redis.call('HSET', key, 'fingerprint', fingerprint, 'holder', holder, 'held_until', text(at + hold_ms))
redis.call('PEXPIRE', key, ttl_ms)
return { 'reserved' }
