-- What the scripts share. `KEY` holds the key names (keys.py).
--
-- A script validates before its first write and reads the clock once. A call that is repeated after
-- a lost answer acts once: the reply is kept under the operation id, unless what the script finds
-- done tells it.

local OP_TTL_MS = 300000
local EVENTS_KEPT = 256
local AUDIT_KEPT = 100000

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function kept_reply(op)
  local kept = redis.call('GET', KEY.op .. op)
  return kept and cjson.decode(kept)
end

local function keep_reply(op, reply)
  redis.call('SET', KEY.op .. op, cjson.encode(reply), 'PX', OP_TTL_MS)
  return reply
end

-- ARGV from `first` on, as names and values.
local function named(first)
  local given = {}
  for i = first, #ARGV, 2 do given[ARGV[i]] = ARGV[i + 1] end
  return given
end

local function text(number)
  return string.format('%d', number)
end

local FIELDS = {
  'state', 'seq', 'lane', 'member', 'score', 'attempt', 'lease', 'worker', 'max_retries',
  'failures', 'losses', 'adoptable', 'assigned_at', 'started_at', 'deadline_at', 'timeout_ms',
  'unique', 'ends_by', 'type', 'customer', 'workflow', 'step_name', 'gpu', 'loads',
}

-- The fields of a job that transitions read, or nil.
local function load_job(id)
  local values = redis.call('HMGET', KEY.job .. id, unpack(FIELDS))
  if not values[1] then return nil end
  local job = { id = id }
  for i, field in ipairs(FIELDS) do job[field] = values[i] or nil end
  return job
end

local function is_leased(job)
  return job.state == 'assigned' or job.state == 'in_progress'
end

local function is_waiting(job)
  return job.state == 'pending' or job.state == 'delayed'
end

local function is_same_attempt(job, attempt, lease)
  return job.attempt == attempt and job.lease == lease
end

local function holds(job, attempt, lease)
  return is_leased(job) and is_same_attempt(job, attempt, lease)
end

-- Whether the old holder of an expired lease may still take the job up again.
local function can_adopt(job, attempt, lease)
  return job.state == 'pending' and job.adoptable == '1' and is_same_attempt(job, attempt, lease)
end

local function head_of(lane)
  local first = redis.call('ZRANGE', KEY.lane .. lane, 0, 0, 'WITHSCORES')
  return first[1], first[2]
end

-- Puts a job into its lane, keeps `heads` true, and returns its place. Only a lane that was empty is
-- news: while one is not, whoever took from it last looks again. The hub `waker` looks untold.
local function enqueue(job, waker)
  local key, lane = KEY.lane .. job.lane, job.lane
  redis.call('ZADD', key, job.score, job.member)
  local place = redis.call('ZRANK', key, job.member)
  if place > 0 then return place end
  local second = redis.call('ZRANGE', key, 1, 1)[1]
  redis.call('ZADD', KEY.heads, job.score, job.member .. ':' .. lane)
  if second then
    redis.call('ZREM', KEY.heads, second .. ':' .. lane)
  else
    redis.call('PUBLISH', KEY.news, 'lane ' .. lane .. (waker and ' ' .. waker or ''))
  end
  return place
end

local function dequeue(job)
  local key, lane = KEY.lane .. job.lane, job.lane
  local first = redis.call('ZRANGE', key, 0, 1, 'WITHSCORES')
  redis.call('ZREM', key, job.member)
  if first[1] ~= job.member then return end
  redis.call('ZREM', KEY.heads, job.member .. ':' .. lane)
  if first[3] then redis.call('ZADD', KEY.heads, first[4], first[3] .. ':' .. lane) end
end

local function leave_waiting(job)
  if job.state == 'delayed' then
    redis.call('ZREM', KEY.delayed, job.id)
  else
    dequeue(job)
  end
end

local function extend_lease(job, at, ttl_ms)
  local ends_at = at + ttl_ms
  if job.deadline_at then ends_at = math.min(ends_at, tonumber(job.deadline_at)) end
  redis.call('ZADD', KEY.leases, text(ends_at), job.id)
end

local function grant_lease(job, at, ttl_ms)
  extend_lease(job, at, ttl_ms)
  redis.call('SADD', KEY.held .. job.worker, job.id)
end

local function end_lease(job)
  redis.call('ZREM', KEY.leases, job.id)
  redis.call('SREM', KEY.held .. job.worker, job.id)
end

-- Tells the readers of a job. `pairs_` are further field, value pairs; `state`: another than it is in.
local function tell(job, event, at, pairs_, state)
  redis.call('XADD', KEY.events .. job.id, 'MAXLEN', '~', EVENTS_KEPT, '*',
    'event', event, 'status', state or job.state, 'attempt', job.attempt, 'worker_id', job.worker or '',
    'at', text(at), unpack(pairs_ or {}))
  redis.call('PUBLISH', KEY.events .. job.id, event)
end

local function advance(job, at, percent, message, details)
  redis.call('HSET', KEY.job .. job.id, 'progress', percent, 'progress_message', message,
    'progress_details', details)
  tell(job, 'progress', at, { 'progress', percent, 'message', message, 'details', details })
end

-- Writes a line of the audit stream. `how`: verb, op, reason.
local function witness(job, from, to, at, how)
  redis.call('XADD', KEY.audit, 'MAXLEN', '~', AUDIT_KEPT, '*',
    'verb', how.verb, 'op', how.op, 'job', job.id, 'attempt', job.attempt, 'lease', job.lease or '',
    'worker', job.worker or '', 'from', from, 'to', to, 'reason', how.reason, 'at', text(at),
    'lane', job.lane, 'score', job.score, 'member', job.member)
end

-- One transition: state, index, audit line and event, together.
-- `how`: verb, op, reason, event; optional: told (pairs for the event), fields (pairs for the job).
local function enter(job, state, at, how)
  local from = job.state
  redis.call('HSET', KEY.job .. job.id, 'state', state, 'reason', how.reason, unpack(how.fields or {}))
  if from ~= '' then redis.call('ZREM', KEY.by_status .. from, job.id) end
  redis.call('ZADD', KEY.by_status .. state, job.seq, job.id)
  witness(job, from, state, at, how)
  recount(job, from, state)
  job.state = state
  tell(job, how.event, at, how.told)
end

-- Writes the record of the attempt that ends now. `told`: error, error_class, details (JSON).
local function record_attempt(job, at, verb, reason, told)
  redis.call('RPUSH', KEY.attempts .. job.id, cjson.encode({
    attempt = job.attempt, worker_id = job.worker, gpu = job.gpu, assigned_at = job.assigned_at,
    started_at = job.started_at, ended_at = text(at), outcome = verb, reason = reason,
    error = told and told.error, error_class = told and told.error_class,
    details = told and told.details,
  }))
end

-- A job has reached a terminal state, and waits for retention. A step waits for its workflow to end:
-- until then others may need its result. The mark in `advancing` lasts until a hub has acted on it.
local function retire(job, state, at)
  if job.unique then redis.call('HDEL', KEY.uniques, job.unique) end
  if job.ends_by then redis.call('ZREM', KEY.deadlines, job.id) end
  if job.step_name then
    redis.call('HSET', KEY.steps .. job.workflow, 'state:' .. job.step_name, state)
    redis.call('HINCRBY', KEY.workflow .. job.workflow, 'revision', 1)
    redis.call('ZADD', KEY.advancing, text(at), job.workflow)
    redis.call('PUBLISH', KEY.news, 'workflow')
    return
  end
  redis.call('ZADD', KEY.finished .. state, text(at), job.id)
end

-- `how`: as for `enter`, with error_class.
local function bury(job, at, how)
  retire(job, 'failed', at)
  redis.call('ZADD', KEY.by_error .. how.error_class, job.seq, job.id)
  how.event, how.fields = 'failed', how.fields or {}
  table.insert(how.fields, 'finished_at')
  table.insert(how.fields, text(at))
  enter(job, 'failed', at, how)
  return 'failed'
end

-- An attempt failed. `how`: as for `enter`, with error, error_class, details, is_retryable, delay_ms.
local function fail_attempt(job, at, how)
  local failures = job.failures + 1
  local elsewhere = ELSEWHERE[how.error_class] and lane_elsewhere(job)
  end_lease(job)
  record_attempt(job, at, how.verb, how.reason, how)
  how.fields = { 'failures', text(failures), 'error', how.error, 'error_class', how.error_class,
    'error_details', how.details, 'last_failed_worker', job.worker }
  how.told = { 'message', how.error, 'details', how.details }
  if how.error_class == 'engine_crash' and is_poison(job) then
    how.reason = 'poison'
    return bury(job, at, how)
  end
  if not how.is_retryable or failures > tonumber(job.max_retries) then return bury(job, at, how) end
  if elsewhere then move_to(job, elsewhere) end
  local due_at = text(at + how.delay_ms)
  redis.call('ZADD', KEY.delayed, due_at, job.id)
  table.insert(how.fields, 'not_before')
  table.insert(how.fields, due_at)
  how.event = 'retrying'
  enter(job, 'delayed', at, how)
  return 'delayed'
end

-- An attempt was lost or given back. `how`: as for `enter`, with max_losses, is_adoptable, attempt
-- (what its record is told).
local function lose_attempt(job, at, how)
  local losses = job.losses + 1
  end_lease(job)
  record_attempt(job, at, how.verb, how.reason, how.attempt)
  how.fields = { 'losses', text(losses) }
  if losses > tonumber(how.max_losses) then
    table.insert(how.fields, 'error')
    table.insert(how.fields, 'lost or given back by its worker ' .. losses .. ' times')
    table.insert(how.fields, 'error_class')
    table.insert(how.fields, 'lost')
    how.error_class = 'lost'
    return bury(job, at, how)
  end
  if how.is_adoptable then how.fields = { 'losses', text(losses), 'adoptable', '1' } end
  enter(job, 'pending', at, how)
  enqueue(job)
  return 'pending'
end
