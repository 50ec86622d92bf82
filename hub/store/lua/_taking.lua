-- How a waiting job becomes a worker's.

-- The worker as `assign` takes it, and how many more jobs it may hold; nil for another session.
local function taking(worker, session)
  local known = redis.call('HMGET', KEY.worker .. worker, 'session', 'slots', 'gpu', 'warm')
  if known[1] ~= session then return nil end
  local room = tonumber(known[2]) - redis.call('SCARD', KEY.held .. worker)
  return { id = worker, gpu = known[3], warm = known[4], room = room }
end

-- Gives a waiting job to a worker (its id, its gpu, and what it loaded last as `warm`), under a new
-- attempt and a new lease. It has left its lane.
local function assign(job, worker, lease, at, ttl_ms, op)
  if job.attempt ~= '0' then
    redis.call('HDEL', KEY.job .. job.id, 'started_at', 'adoptable', 'progress_message',
      'progress_details', 'gpu')
  end
  job.attempt, job.lease, job.worker = text(job.attempt + 1), lease, worker.id
  local fields = {
    'attempt', job.attempt, 'lease', job.lease, 'worker', worker.id, 'assigned_at', text(at),
    'progress', '0',
  }
  job.deadline_at = nil
  if job.timeout_ms ~= '' then
    job.deadline_at = text(at + job.timeout_ms)
    table.insert(fields, 'deadline_at')
    table.insert(fields, job.deadline_at)
  end
  if worker.gpu then
    table.insert(fields, 'gpu')
    table.insert(fields, worker.gpu)
  end
  redis.call('ZADD', KEY.by_worker .. worker.id, job.seq, job.id)
  if worker.warm ~= job.loads then redis.call('HSET', KEY.worker .. worker.id, 'warm', job.loads) end
  worker.warm = job.loads
  if job.workflow ~= '' then
    redis.call('HSET', KEY.workflow .. job.workflow, 'last_worker', worker.id)
  end
  grant_lease(job, at, ttl_ms)
  enter(job, 'assigned', at, {
    verb = 'claim', op = op, reason = 'claimed', event = 'claimed', fields = fields,
  })
end

-- The worker that is named with a job that has just come, if it may have it without a place in its
-- lane: nothing waits that it would be given before it.
local function taker_of(asked)
  local who = asked.worker and taking(asked.worker, asked.session)
  if not who or who.room < 1 then return nil end
  local mine = KEY.eligible .. asked.class
  if stale_version(asked.class) or not redis.call('ZSCORE', mine, asked.lane) then return nil end
  if room_for('running', asked) < 1 then return nil end
  local waiting = first_jobs(asked.class, 1, asked.worker)
  if unsure or waiting[1] then return nil end
  return who
end

-- The reply of a claim: its tag, its first value, and every job with what its worker needs.
-- `claimed`: that value, then for each job its id, attempt and lease.
local function described(claimed)
  local reply = { 'claimed', claimed[1] }
  for i = 2, #claimed, 3 do
    local job, attempt, lease = claimed[i], claimed[i + 1], claimed[i + 2]
    local more = redis.call('HMGET', KEY.job .. job, 'type', 'priority', 'payload', 'timeout_ms',
      'loads')
    for _, value in ipairs({ job, attempt, lease, unpack(more) }) do table.insert(reply, value) end
  end
  return reply
end
