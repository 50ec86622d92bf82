#!lua
-- declare: a workflow is there before its steps, or with a graph of them. Denied as a whole when
-- Redis is out of memory.
-- ARGV: op, workflow, priority, submitted_at (or "": now), policy, digest of the declaration,
--       shape of the graph (JSON, or ""), then for each step its name and the job it becomes (JSON)
-- Reply: declared (now, or before in the same words) | exists
local op, id, priority, submitted_at, policy, digest, shape = unpack(ARGV, 1, 7)

local kept = kept_reply(op)
if kept then return kept end

local key = KEY.workflow .. id
local has = redis.call('HMGET', key, 'state', 'digest')
if has[1] then return { has[2] == digest and 'declared' or 'exists' } end

local at = text(now_ms())
if submitted_at == '' then submitted_at = at end
redis.call('HSET', key, 'priority', priority, 'submitted_at', submitted_at, 'policy', policy,
  'digest', digest, 'created_at', at, 'revision', '0', 'resumes', '0')
redis.call('ZADD', KEY.workflows, at, id)
if shape == '' then
  redis.call('HSET', key, 'state', 'open')
  redis.call('ZADD', KEY.vacant, at, id)
else
  redis.call('HSET', key, 'state', 'running', 'shape', shape)
  for i = 8, #ARGV, 2 do
    redis.call('HSET', KEY.steps .. id, 'state:' .. ARGV[i], 'waiting')
    redis.call('HSET', KEY.step_specs .. id, ARGV[i], ARGV[i + 1])
  end
  redis.call('ZADD', KEY.advancing, at, id)
  redis.call('PUBLISH', KEY.news, 'workflow')
end
return keep_reply(op, { 'declared' })
