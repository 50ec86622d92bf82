#!lua flags=allow-oom
-- resign: a hub that stops leaves the periodic work to the next one at once.
-- ARGV: hub
-- Reply: resigned | kept
local hub = ARGV[1]

if redis.call('GET', KEY.leader) ~= hub then return { 'kept' } end
redis.call('DEL', KEY.leader)
return { 'resigned' }
