#!lua flags=no-writes
-- muster: the workers that are connected.
-- Reply: the version of their classes, then for each: worker, class, slots, leases it has
local reply = { class_version() }
for _, worker in ipairs(redis.call('ZRANGE', KEY.workers, 0, -1)) do
  local known = redis.call('HMGET', KEY.worker .. worker, 'session', 'class', 'slots')
  if known[1] and known[1] ~= '' then
    local held = redis.call('SCARD', KEY.held .. worker)
    for _, value in ipairs({ worker, known[2], known[3], held }) do table.insert(reply, value) end
  end
end
return reply
