#!lua flags=no-writes
-- room: which limit keeps a waiting job from running.
-- ARGV: job
-- Reply: room | full, the group that is full, its limit
local has = redis.call('HMGET', KEY.job .. ARGV[1], 'type', 'customer')
if not has[1] then return { 'room' } end

local room, group, limit = room_for('running', { type = has[1], customer = has[2] })
if room > 0 then return { 'room' } end
return { 'full', group, limit }
