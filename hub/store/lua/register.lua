#!lua flags=allow-oom
-- register: a worker is connected. A newer session takes the worker's id over from an older one.
-- ARGV: op, worker, session, capability (JSON), class, slots, status, gpu (its model, or '')
-- Reply: registered
local op, worker, session, capability, class, slots, status, gpu = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local at = now_ms()
local key = KEY.worker .. worker
local before, left = unpack(redis.call('HMGET', key, 'session', 'class'))
local was_connected = before and before ~= ''
redis.call('HSET', key, 'session', session, 'capability', capability, 'class', class,
  'slots', slots, 'status', status, 'connected_at', text(at))
redis.call('HDEL', key, 'gone_at')
if gpu ~= '' then redis.call('HSET', key, 'gpu', gpu) else redis.call('HDEL', key, 'gpu') end
if before ~= session then redis.call('HDEL', key, 'warm') end
redis.call('ZADD', KEY.workers, text(at), worker)
if not was_connected then
  enter_class(class, capability)
elseif left ~= class then
  enter_class(class, capability)
  leave_class(left)
end
if was_connected and before ~= session then
  redis.call('PUBLISH', KEY.news, 'evict ' .. before .. ' ' .. worker)
end
return keep_reply(op, { 'registered' })
