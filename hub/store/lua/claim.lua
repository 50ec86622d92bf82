#!lua flags=allow-oom
-- claim: a worker takes the first jobs in order among the lanes that its class can serve.
-- ARGV: op, worker, session, class, ttl_ms, lease ids (as many as jobs are wanted)
-- Reply: claimed, 1 if there may be more for other workers, else 0; then for each job: job, attempt,
--          lease, type, priority, payload, timeout_ms
--        evicted: another session has this worker
--        stale, version: lanes were added since the class was last classified
local op, worker, session, class, ttl_ms = unpack(ARGV, 1, 5)

local kept = kept_reply(op)
if kept then return described(kept) end

local known = redis.call('HMGET', KEY.worker .. worker, 'session', 'slots', 'gpu')
if known[1] ~= session then return { 'evicted' } end
local stale = stale_version(class)
if stale then return { 'stale', stale } end

-- A lane that is gone and comes back gets a new version, and is added again.
local function next_job()
  local jobs, gone = first_jobs(class, 1)
  for _, lane in ipairs(gone) do redis.call('ZREM', KEY.eligible .. class, lane) end
  return jobs[1]
end

local at = now_ms()
local room = tonumber(known[2]) - redis.call('SCARD', KEY.held .. worker)
local claimed = { 1 }
for i = 6, math.min(#ARGV, 5 + room) do
  local first = next_job()
  if not first then
    claimed[1] = 0
    break
  end
  local job = load_job(first.id)
  job.gpu = known[3] or nil
  assign(job, worker, ARGV[i], at, ttl_ms, op)
  for _, value in ipairs({ job.id, job.attempt, job.lease }) do table.insert(claimed, value) end
end
-- Nothing claimed: asked again, the answer may differ, and nothing is lost.
if #claimed > 1 then keep_reply(op, claimed) end
return described(claimed)
