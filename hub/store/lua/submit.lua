#!lua
-- submit: a new job enters its lane. Denied as a whole when Redis is out of memory.
-- ARGV: op, then names and values: job, lane, requirement, type, payload, priority, max_retries,
--       step, waker; where they were said: customer, timeout_ms, workflow, workflow_priority,
--       workflow_datetime, has_own_id (the caller chose it: submitted again, it is the same job)
-- Reply: submitted, place in the lane from 0 or nil, priority, workflow_datetime, created_at
--        conflict, field, the value it has
--        taken: there is another job under the caller's id
local op = ARGV[1]

local kept = kept_reply(op)
if kept then return kept end

local asked = named(2)
if asked.has_own_id then
  local has = redis.call('HMGET', KEY.job .. asked.job, 'payload', 'type', 'priority',
    'workflow_datetime', 'created_at', 'lane', 'member')
  if has[1] and (has[1] ~= asked.payload or has[2] ~= asked.type) then return { 'taken' } end
  if has[1] then
    local place = redis.call('ZRANK', KEY.lane .. has[6], has[7])
    return { 'submitted', place, has[3], has[4], has[5] }
  end
end

local at = now_ms()
local priority, submitted_at = asked.priority, text(at)
if asked.workflow then
  local key = KEY.workflow .. asked.workflow
  local has = redis.call('HMGET', key, 'priority', 'submitted_at')
  for i, field in ipairs({ 'workflow_priority', 'workflow_datetime' }) do
    if has[i] and asked[field] and asked[field] ~= has[i] then return { 'conflict', field, has[i] } end
  end
  priority = has[1] or asked.workflow_priority or priority
  submitted_at = has[2] or asked.workflow_datetime or submitted_at
  if not has[1] then redis.call('HSET', key, 'priority', priority, 'submitted_at', submitted_at) end
  redis.call('HINCRBY', key, 'jobs', 1)
end

local seq = redis.call('INCR', KEY.seq)
local job = {
  id = asked.job, state = '', attempt = '0', seq = text(seq), lane = asked.lane,
  score = text(-tonumber(priority)),
  member = string.format('%013d:%06d:%012d:%s', submitted_at, asked.step, seq, asked.job),
}
enter_lane(job.lane, asked.requirement)
redis.call('ZADD', KEY.jobs, job.seq, job.id)
redis.call('ZADD', KEY.by_type .. asked.type, job.seq, job.id)
if asked.customer then redis.call('ZADD', KEY.by_customer .. asked.customer, job.seq, job.id) end
enter(job, 'pending', at, {
  verb = 'submit', op = op, reason = 'submitted', event = 'submitted', fields = {
    'seq', job.seq, 'lane', job.lane, 'member', job.member, 'score', job.score, 'attempt', '0',
    'failures', '0', 'losses', '0', 'type', asked.type, 'payload', asked.payload,
    'requirement', asked.requirement, 'priority', priority, 'max_retries', asked.max_retries,
    'timeout_ms', asked.timeout_ms or '', 'customer', asked.customer or '',
    'workflow', asked.workflow or '', 'workflow_datetime', submitted_at, 'step', asked.step,
    'created_at', text(at),
  },
})
enqueue(job, asked.waker)
return keep_reply(op, {
  'submitted', redis.call('ZRANK', KEY.lane .. job.lane, job.member), priority, submitted_at, text(at),
})
