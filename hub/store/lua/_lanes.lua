-- The lanes that there are. A job that a worker has failed with waits in a lane of its kind that
-- this worker leaves to others, if there are others: `shunned` has the workers of such lanes.

-- Failures that may be the machine's.
local ELSEWHERE = {
  out_of_memory = true, engine_crash = true, timeout = true, hang = true, cuda = true,
  missing_model = true, missing_node = true,
}
local AT_WORK = { initializing = true, idle = true, busy = true }

-- A lane lives as long as a job of it is kept: every new one is matched with all classes of workers.
local function enter_lane(lane, requirement)
  if redis.call('HSETNX', KEY.lanes, lane, requirement) == 1 then
    redis.call('ZADD', KEY.lane_log, redis.call('INCR', KEY.lane_version), lane)
  end
  redis.call('HINCRBY', KEY.lane_jobs, lane, 1)
end

local function leave_lane(lane)
  if redis.call('HINCRBY', KEY.lane_jobs, lane, -1) <= 0 then
    redis.call('HDEL', KEY.lane_jobs, lane)
    redis.call('HDEL', KEY.lanes, lane)
    redis.call('HDEL', KEY.shunned, lane)
    redis.call('ZREM', KEY.lane_log, lane)
  end
end

-- By worker, those that have failed with the jobs of the lane. Only names with a "~" have any.
local function shunned_by(lane)
  local workers = {}
  if not string.find(lane, '~', 1, true) then return workers end
  for _, worker in ipairs(cjson.decode(redis.call('HGET', KEY.shunned, lane) or '[]')) do
    workers[worker] = true
  end
  return workers
end

-- The lane of the job once its worker has joined those that have failed with it.
local function lane_elsewhere(job)
  local workers, names = shunned_by(job.lane), {}
  workers[job.worker] = true
  for worker in pairs(workers) do table.insert(names, worker) end
  table.sort(names)
  local told = cjson.encode(names)
  return {
    id = string.match(job.lane, '^[^~]*') .. '~' .. string.sub(redis.sha1hex(told), 1, 16),
    workers = told, requirement = redis.call('HGET', KEY.lanes, job.lane),
  }
end

local function move_to(job, lane)
  if lane.id == job.lane then return end
  enter_lane(lane.id, lane.requirement)
  redis.call('HSET', KEY.shunned, lane.id, lane.workers)
  redis.call('HSET', KEY.job .. job.id, 'lane', lane.id)
  leave_lane(job.lane)
  job.lane = lane.id
end

-- nil when the class knows all lanes, else the version up to which it does.
local function stale_version(class)
  local version = redis.call('ZSCORE', KEY.eligible .. class, '') or '0'
  if (redis.call('GET', KEY.lane_version) or '0') ~= version then return version end
end

-- The reply for a class of which it matters what it can serve, and is not known.
local unsure = nil

local function could_serve(worker, lane)
  local known = redis.call('HMGET', KEY.worker .. worker, 'session', 'class', 'slots', 'status')
  if not known[1] or known[1] == '' or known[3] == '0' or not AT_WORK[known[4]] then return false end
  local stale = stale_version(known[2])
  if stale then unsure = { 'stale', stale, known[2] } end
  return stale or redis.call('ZSCORE', KEY.eligible .. known[2], lane)
end

-- Whether the worker leaves the jobs of the lane to others that are at work, and that could do them.
local function is_kept_from(worker, lane)
  local shunned = shunned_by(lane)
  if not shunned[worker] then return false end
  for _, other in ipairs(redis.call('ZRANGE', KEY.workers, 0, -1)) do
    if not shunned[other] and could_serve(other, lane) then return true end
  end
  return false
end
