#!lua
-- issue: a token with which machines may enrol, for a while. Its id is new, so that said twice it
-- means the same: no reply is kept.
-- ARGV: id of the token, digest of the token, uses, ttl_ms
-- Reply: issued, expires_at
local id, digest, uses, ttl_ms = unpack(ARGV)
local at = now_ms()

local key = KEY.enrolment .. id
redis.call('HSET', key, 'digest', digest, 'uses', uses)
redis.call('PEXPIRE', key, ttl_ms)
return { 'issued', text(at + ttl_ms) }
