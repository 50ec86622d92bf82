#!lua flags=allow-oom
-- advance: what a look at a graph has found is entered: steps that will never be done, steps whose
-- input cannot be made, the end. The mark goes, unless a step has failed: then there is more to find.
-- ARGV: op, workflow, revision (that was looked at), end state (or ""), how many steps are skipped,
--       their names, then for each failed step its name and the error
-- Reply: advanced
--        stale: the workflow has changed since
--        over: it runs no more
local op, id, revision, end_state, skipped = unpack(ARGV, 1, 5)

local kept = kept_reply(op)
if kept then return kept end

local at = now_ms()
local has = redis.call('HMGET', KEY.workflow .. id, 'state', 'revision')
if has[1] ~= 'running' then return { 'over' } end
if has[2] ~= revision then return { 'stale' } end

local first_failed = 6 + tonumber(skipped)
local steps = KEY.steps .. id
local function leave(name, state, error_)
  if redis.call('HGET', steps, 'state:' .. name) ~= 'waiting' then return end
  redis.call('HSET', steps, 'state:' .. name, state)
  if error_ then redis.call('HSET', steps, 'error:' .. name, error_) end
end

for i = 6, first_failed - 1 do leave(ARGV[i], 'skipped') end
for i = first_failed, #ARGV, 2 do leave(ARGV[i], 'failed', ARGV[i + 1]) end
if #ARGV >= 6 then redis.call('HINCRBY', KEY.workflow .. id, 'revision', 1) end
if #ARGV < first_failed then
  redis.call('ZREM', KEY.advancing, id)
else
  redis.call('ZADD', KEY.advancing, text(at), id)
end
if end_state ~= '' then conclude(id, end_state, at) end
return keep_reply(op, { 'advanced' })
