#!lua
-- submit: a new job enters its lane. Denied as a whole when Redis is out of memory.
-- ARGV: op, then names and values: job, lane, requirement, loads, type, payload, priority, max_retries,
--       step, waker; for a worker that would take it at once: worker, session, class, lease (its id),
--       ttl_ms; where they were said: customer, timeout_ms, workflow, workflow_priority,
--       workflow_datetime, has_own_id (the caller chose it: submitted again, it is the same job),
--       unique_key, not_before, ends_by, replay_of, is_again (whatever replays there are); for a step
--       of a graph: step_name, revision (that it was found ready in)
-- Reply: submitted, place in the lane from 0 or nil, priority, workflow_datetime, created_at,
--          version of the classes of connected workers, attempt: 1 if the worker has it, else 0
--        conflict, field, the value it has
--        unready: the step is a job already, or its workflow has changed since
--        taken: there is another job under the caller's id
--        existing, job: it waits or runs under the unique key
--        past, now: the deadline is over
--        unended, job, state: it cannot be replayed
--        replayed, job, replay: it was already
--        full, group, limit: so many wait already
local op = ARGV[1]

local kept = kept_reply(op)
if kept then return kept end

local asked = named(2)
local classes = class_version()
if asked.has_own_id then
  local has = redis.call('HMGET', KEY.job .. asked.job, 'payload', 'type', 'priority',
    'workflow_datetime', 'created_at', 'lane', 'member')
  if has[1] and (has[1] ~= asked.payload or has[2] ~= asked.type) then return { 'taken' } end
  if has[1] then
    local place = redis.call('ZRANK', KEY.lane .. has[6], has[7])
    return { 'submitted', place, has[3], has[4], has[5], classes, '0' }
  end
end

-- Unique among the jobs of one customer; the length keeps the two names apart.
local unique
if asked.unique_key then
  local customer = asked.customer or ''
  unique = #customer .. ':' .. customer .. asked.unique_key
  local existing = redis.call('HGET', KEY.uniques, unique)
  if existing then return { 'existing', existing } end
end

if asked.replay_of then
  local state = redis.call('HGET', KEY.job .. asked.replay_of, 'state')
  if state ~= 'failed' and state ~= 'cancelled' then
    return { 'unended', asked.replay_of, state or 'not there' }
  end
  local last = redis.call('LRANGE', KEY.replays .. asked.replay_of, -1, -1)[1]
  if last and not asked.is_again then return { 'replayed', asked.replay_of, last } end
end

local at = now_ms()
if asked.ends_by and tonumber(asked.ends_by) <= at then return { 'past', text(at) } end
local room, group, limit = room_for('waiting', asked)
if room < 1 then return { 'full', group, text(limit) } end
local is_early = asked.not_before and tonumber(asked.not_before) > at
local taker = not is_early and taker_of(asked)
local priority, submitted_at = asked.priority, text(at)
if asked.workflow then
  local key = KEY.workflow .. asked.workflow
  local has = redis.call('HMGET', key, 'priority', 'submitted_at', 'state', 'revision')
  if asked.step_name then
    local step = redis.call('HGET', KEY.steps .. asked.workflow, 'state:' .. asked.step_name)
    local is_ready = has[3] == 'running' and has[4] == asked.revision and step == 'waiting'
    if not is_ready then return { 'unready' } end
  elseif has[3] == 'cancelled' then
    return { 'conflict', 'workflow_id', 'cancelled' }
  end
  for i, field in ipairs({ 'workflow_priority', 'workflow_datetime' }) do
    if has[i] and asked[field] and asked[field] ~= has[i] then return { 'conflict', field, has[i] } end
  end
  priority = has[1] or asked.workflow_priority or priority
  submitted_at = has[2] or asked.workflow_datetime or submitted_at
  if not has[1] then
    redis.call('HSET', key, 'priority', priority, 'submitted_at', submitted_at, 'state', 'open',
      'created_at', text(at))
    redis.call('ZADD', KEY.workflows, text(at), asked.workflow)
  end
  redis.call('ZREM', KEY.vacant, asked.workflow)
end

local seq = redis.call('INCR', KEY.seq)
local job = {
  id = asked.job, type = asked.type, customer = asked.customer, state = '', attempt = '0',
  workflow = asked.workflow or '', timeout_ms = asked.timeout_ms or '', loads = asked.loads,
  seq = text(seq), lane = asked.lane,
  score = text(-tonumber(priority)),
  member = string.format('%013d:%06d:%012d:%s', submitted_at, asked.step, seq, asked.job),
}
enter_lane(job.lane, asked.requirement)
redis.call('ZADD', KEY.jobs, job.seq, job.id)
redis.call('ZADD', KEY.by_type .. asked.type, job.seq, job.id)
if asked.workflow then redis.call('ZADD', KEY.by_workflow .. asked.workflow, job.seq, job.id) end
if asked.step_name then
  redis.call('HSET', KEY.steps .. asked.workflow, 'state:' .. asked.step_name, 'open',
    'job:' .. asked.step_name, job.id)
  redis.call('HSET', KEY.job .. job.id, 'step_name', asked.step_name)
end
if asked.customer then redis.call('ZADD', KEY.by_customer .. asked.customer, job.seq, job.id) end
local fields = {
  'seq', job.seq, 'lane', job.lane, 'member', job.member, 'score', job.score, 'attempt', '0',
  'failures', '0', 'losses', '0', 'type', asked.type, 'payload', asked.payload,
  'requirement', asked.requirement, 'loads', asked.loads, 'priority', priority,
  'max_retries', asked.max_retries,
  'timeout_ms', job.timeout_ms, 'customer', asked.customer or '',
  'workflow', job.workflow, 'workflow_datetime', submitted_at, 'step', asked.step,
  'created_at', text(at),
}
local function also(name, value)
  table.insert(fields, name)
  table.insert(fields, value)
end
if unique then
  redis.call('HSET', KEY.uniques, unique, job.id)
  also('unique', unique)
  also('unique_key', asked.unique_key)
end
if asked.replay_of then
  redis.call('RPUSH', KEY.replays .. asked.replay_of, job.id)
  also('replay_of', asked.replay_of)
end
if asked.ends_by then
  redis.call('ZADD', KEY.deadlines, asked.ends_by, job.id)
  also('ends_by', asked.ends_by)
end
if is_early then
  redis.call('ZADD', KEY.delayed, asked.not_before, job.id)
  also('not_before', asked.not_before)
end
enter(job, is_early and 'delayed' or 'pending', at, {
  verb = 'submit', op = op, reason = 'submitted', event = 'submitted', fields = fields,
})
local place = 0
if taker then
  assign(job, taker, asked.lease, at, asked.ttl_ms, op)
else
  place = not is_early and enqueue(job, asked.waker)
end
return keep_reply(op,
  { 'submitted', place, priority, submitted_at, text(at), classes, job.attempt })
