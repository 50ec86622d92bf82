#!lua flags=allow-oom
-- resume: a graph that ended without all its steps runs again from those that were not completed.
-- ARGV: op, workflow
-- Reply: resumed, how many steps | unknown | refused, its state
local op, id = unpack(ARGV)

local kept = kept_reply(op)
if kept then return kept end

local at = now_ms()
local key = KEY.workflow .. id
local has = redis.call('HMGET', key, 'state', 'shape')
if not has[1] then return { 'unknown' } end
if not has[2] or has[1] ~= 'failed' and has[1] ~= 'cancelled' then return { 'refused', has[1] } end

local steps, again = KEY.steps .. id, {}
each_step(id, 'state', function(name, state) if state ~= 'completed' then again[name] = true end end)
local resumed = 0
for name in pairs(again) do
  redis.call('HDEL', steps, 'job:' .. name, 'error:' .. name)
  redis.call('HSET', steps, 'state:' .. name, 'waiting')
  resumed = resumed + 1
end
-- Their results are needed again.
each_step(id, 'job', function(_, job) redis.call('ZREM', KEY.finished .. 'completed', job) end)
redis.call('HDEL', key, 'finished_at')
redis.call('HSET', key, 'state', 'running')
redis.call('HINCRBY', key, 'resumes', 1)
redis.call('HINCRBY', key, 'revision', 1)
redis.call('ZREM', KEY.vacant, id)
redis.call('ZADD', KEY.advancing, text(at), id)
redis.call('PUBLISH', KEY.news, 'workflow')
return keep_reply(op, { 'resumed', resumed })
