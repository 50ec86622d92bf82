-- What the scripts about workflows share, behind _lib.lua.

local function drop_workflow(id)
  redis.call('DEL', KEY.workflow .. id, KEY.steps .. id, KEY.step_specs .. id)
  redis.call('ZREM', KEY.workflows, id)
  redis.call('ZREM', KEY.advancing, id)
  redis.call('ZREM', KEY.vacant, id)
end

-- A job is removed. The workflow goes with its last one, unless it has steps to do.
local function leave_workflow(id, job)
  redis.call('ZREM', KEY.by_workflow .. id, job)
  if redis.call('ZCARD', KEY.by_workflow .. id) > 0 then return end
  if redis.call('HGET', KEY.workflow .. id, 'state') ~= 'running' then drop_workflow(id) end
end

-- Calls `act` with the name and the value of each fact of a kind: state, job or error.
local function each_step(id, kind, act)
  local facts = redis.call('HGETALL', KEY.steps .. id)
  for i = 1, #facts, 2 do
    local of, name = string.match(facts[i], '^(%a+):(.*)$')
    if of == kind then act(name, facts[i + 1]) end
  end
end

-- A workflow ends. Its jobs wait for retention from the time that each of them ended.
local function conclude(id, state, at)
  redis.call('HSET', KEY.workflow .. id, 'state', state, 'finished_at', text(at))
  redis.call('HINCRBY', KEY.workflow .. id, 'revision', 1)
  redis.call('ZREM', KEY.advancing, id)
  each_step(id, 'job', function(_, job)
    local has = redis.call('HMGET', KEY.job .. job, 'state', 'finished_at')
    if has[1] then redis.call('ZADD', KEY.finished .. has[1], has[2], job) end
  end)
  if redis.call('ZCARD', KEY.by_workflow .. id) == 0 then
    redis.call('ZADD', KEY.vacant, text(at), id)
  end
end
