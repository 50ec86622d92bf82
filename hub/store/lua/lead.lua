#!lua flags=allow-oom
-- lead: one hub at a time does the periodic work. Whoever leads says so again before its term ends.
-- Said twice it means the same: no reply is kept.
-- ARGV: hub, term_ms
-- Reply: leading | following, the hub that leads
local hub, term_ms = unpack(ARGV)

local leader = redis.call('GET', KEY.leader) or hub
if leader ~= hub then return { 'following', leader } end
redis.call('SET', KEY.leader, hub, 'PX', term_ms)
return { 'leading', hub }
