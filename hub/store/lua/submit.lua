#!lua
-- submit: a new job enters its lane. Denied as a whole when Redis is out of memory.
-- ARGV: op, job, lane, requirement, type, payload, priority, customer, max_retries, timeout_ms,
--       workflow, workflow_priority, workflow_datetime, step   ('' where nothing was said)
-- Reply: submitted, place in the lane from 0 | conflict, field, the value it has
local op, id, lane, requirement, type_, payload = unpack(ARGV, 1, 6)
local priority, customer, max_retries, timeout_ms = unpack(ARGV, 7, 10)
local workflow, workflow_priority, workflow_datetime, step = unpack(ARGV, 11, 14)

local kept = kept_reply(op)
if kept then return kept end

local at = now_ms()
local submitted_at = text(at)
if workflow ~= '' then
  local has = redis.call('HMGET', KEY.workflow .. workflow, 'priority', 'submitted_at')
  if has[1] then
    if workflow_priority ~= '' and workflow_priority ~= has[1] then
      return { 'conflict', 'workflow_priority', has[1] }
    end
    if workflow_datetime ~= '' and workflow_datetime ~= has[2] then
      return { 'conflict', 'workflow_datetime', has[2] }
    end
    priority, submitted_at = has[1], has[2]
  else
    if workflow_priority ~= '' then priority = workflow_priority end
    if workflow_datetime ~= '' then submitted_at = workflow_datetime end
    redis.call('HSET', KEY.workflow .. workflow, 'priority', priority, 'submitted_at', submitted_at)
  end
  redis.call('HINCRBY', KEY.workflow .. workflow, 'jobs', 1)
end

local seq = redis.call('INCR', KEY.seq)
local job = {
  id = id, state = '', attempt = '0', seq = text(seq), lane = lane, score = text(-tonumber(priority)),
  member = string.format('%013d:%06d:%012d:%s', submitted_at, step, seq, id),
}

if redis.call('HSETNX', KEY.lanes, lane, requirement) == 1 then
  redis.call('ZADD', KEY.lane_log, redis.call('INCR', KEY.lane_version), lane)
end
redis.call('HINCRBY', KEY.lane_jobs, lane, 1)

local fields = {
  'seq', job.seq, 'lane', lane, 'member', job.member, 'score', job.score, 'attempt', '0',
  'failures', '0', 'losses', '0', 'type', type_, 'payload', payload, 'requirement', requirement,
  'priority', priority, 'max_retries', max_retries, 'timeout_ms', timeout_ms, 'customer', customer,
  'workflow', workflow, 'workflow_datetime', submitted_at, 'step', step, 'created_at', text(at),
}
redis.call('ZADD', KEY.jobs, job.seq, id)
redis.call('ZADD', KEY.by_type .. type_, job.seq, id)
if customer ~= '' then redis.call('ZADD', KEY.by_customer .. customer, job.seq, id) end
enter(job, 'pending', at, {
  verb = 'submit', op = op, reason = 'submitted', event = 'submitted', fields = fields,
})
enqueue(job)
return keep_reply(op, { 'submitted', redis.call('ZRANK', KEY.lane .. lane, job.member) })
