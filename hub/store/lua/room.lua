#!lua flags=no-writes
-- room: what keeps a waiting job from running on workers that could do it.
-- ARGV: job
-- Reply: room, the workers that have failed with it and leave it to others
--        full, the group of which as many run as may, its limit
--        stale, version, class: lanes were added since this class was classified
local has = redis.call('HMGET', KEY.job .. ARGV[1], 'type', 'customer', 'lane')
if not has[1] then return { 'room' } end

local room, group, limit = room_for('running', { type = has[1], customer = has[2] })
if room <= 0 then return { 'full', group, limit } end
local reply = { 'room' }
for worker in pairs(shunned_by(has[3])) do
  if is_kept_from(worker, has[3]) then table.insert(reply, worker) end
end
return unsure or reply
