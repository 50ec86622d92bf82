#!lua flags=allow-oom
-- claim: a worker takes the first jobs in order among the lanes that its class can serve.
-- ARGV: op, worker, session, class, ttl_ms, lease ids (as many as jobs are wanted)
-- Reply: claimed, 1 if there may be more for other workers, else 0; then for each job: job, attempt,
--          lease, type, priority, payload, timeout_ms
--        evicted: another session has this worker
--        stale, version: lanes were added since the class was last classified
local op, worker, session, class, ttl_ms = unpack(ARGV, 1, 5)

local function described(claimed)
  local reply = { 'claimed', claimed[1] }
  for i = 2, #claimed, 3 do
    local job, attempt, lease = claimed[i], claimed[i + 1], claimed[i + 2]
    local more = redis.call('HMGET', KEY.job .. job, 'type', 'priority', 'payload', 'timeout_ms')
    for _, value in ipairs({ job, attempt, lease, unpack(more) }) do table.insert(reply, value) end
  end
  return reply
end

local kept = kept_reply(op)
if kept then return described(kept) end

local mine = KEY.eligible .. class
local known = redis.call('HMGET', KEY.worker .. worker, 'session', 'slots')
if known[1] ~= session then return { 'evicted' } end
local version = redis.call('ZSCORE', mine, '') or '0'
if (redis.call('GET', KEY.lane_version) or '0') ~= version then return { 'stale', version } end

-- Walks the heads in order until one is eligible, at most as many as the class has lanes: a broad
-- worker finds one at once, and a narrow one is cheaper off with a look at each of its own.
local function first_by_heads(lanes)
  local walked, chunk = 0, 1
  while walked < lanes do
    local heads = redis.call('ZRANGE', KEY.heads, walked, walked + chunk - 1)
    if #heads == 0 then return nil, true end
    local names = {}
    for i, head in ipairs(heads) do names[i] = string.match(head, '[^:]*$') end
    for i, found in ipairs(redis.call('ZMSCORE', mine, unpack(names))) do
      if found then return names[i], true end
    end
    walked, chunk = walked + #heads, math.min(chunk * 2, 64)
  end
  return nil, false
end

-- Also drops the lanes that are gone; one that comes back gets a new version, and is added again.
local function first_by_lanes()
  local best, best_score, best_member
  for _, lane in ipairs(redis.call('ZRANGE', mine, 0, -1)) do
    local member, score = head_of(lane)
    score = member and tonumber(score)
    if member and (not best or score < best_score or score == best_score and member < best_member) then
      best, best_score, best_member = lane, score, member
    elseif not member and lane ~= '' and redis.call('HEXISTS', KEY.lane_jobs, lane) == 0 then
      redis.call('ZREM', mine, lane)
    end
  end
  return best
end

local function first_lane()
  local lane, is_certain = first_by_heads(redis.call('ZCARD', mine) - 1)
  if is_certain then return lane end
  return first_by_lanes()
end

local at = now_ms()
local room = tonumber(known[2]) - redis.call('SCARD', KEY.held .. worker)
local claimed = { 1 }
for i = 6, math.min(#ARGV, 5 + room) do
  local lane = first_lane()
  if not lane then
    claimed[1] = 0
    break
  end
  local job = load_job(string.match(head_of(lane), '[^:]*$'))
  leave_waiting(job)
  job.attempt, job.lease, job.worker = text(job.attempt + 1), ARGV[i], worker
  local fields = {
    'attempt', job.attempt, 'lease', job.lease, 'worker', worker, 'assigned_at', text(at),
    'progress', '0',
  }
  job.deadline_at = nil
  if job.timeout_ms ~= '' then
    job.deadline_at = text(at + job.timeout_ms)
    table.insert(fields, 'deadline_at')
    table.insert(fields, job.deadline_at)
  end
  redis.call('HDEL', KEY.job .. job.id, 'started_at', 'adoptable', 'not_before', 'progress_message',
    'progress_details')
  redis.call('ZADD', KEY.by_worker .. worker, job.seq, job.id)
  grant_lease(job, at, ttl_ms)
  enter(job, 'assigned', at, {
    verb = 'claim', op = op, reason = 'claimed', event = 'claimed', fields = fields,
  })
  for _, value in ipairs({ job.id, job.attempt, job.lease }) do table.insert(claimed, value) end
end
-- Nothing claimed: asked again, the answer may differ, and nothing is lost.
if #claimed > 1 then keep_reply(op, claimed) end
return described(claimed)
