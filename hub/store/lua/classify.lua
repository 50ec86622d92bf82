#!lua flags=allow-oom
-- classify: adds lanes to those that a class of workers can serve, unless somebody else did.
-- ARGV: class, version the class had, version it gets, lane ids
-- Reply: classified | kept
local class, from, to = unpack(ARGV, 1, 3)
local CLASS_TTL_MS = 3600000 -- then matched anew, without the lanes that are gone
local mine = KEY.eligible .. class

if (redis.call('ZSCORE', mine, '') or '0') ~= from then return { 'kept' } end

for i = 4, #ARGV do redis.call('ZADD', mine, to, ARGV[i]) end
redis.call('ZADD', mine, to, '')
redis.call('PEXPIRE', mine, CLASS_TTL_MS, 'NX')
return { 'classified' }
