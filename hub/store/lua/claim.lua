#!lua flags=allow-oom
-- claim: a worker takes the first jobs in order among the lanes that its class can serve, or one
-- that it likes better among the first of equal priority (_prefer.lua).
-- ARGV: op, worker, session, class, ttl_ms, passes, window, how many jobs are wanted, what their
--       lease ids begin with
-- Reply: claimed, 1 if there may be more for other workers, else 0; then for each job: job, attempt,
--          lease, type, priority, payload, timeout_ms
--        evicted: another session has this worker
--        stale, version, class: lanes were added since the class was last classified: that of the
--          worker, or of another that might do what this one failed with
local op, worker, session, class, ttl_ms, passes, window, wanted, lease = unpack(ARGV)

local kept = kept_reply(op)
if kept then return described(kept) end

local who = taking(worker, session)
if not who then return { 'evicted' } end
local stale = stale_version(class)
if stale then return { 'stale', stale, class } end

-- A lane that is gone and comes back gets a new version, and is added again.
local function first_of(choices)
  local jobs, gone = first_jobs(class, choices, worker)
  for _, lane in ipairs(gone) do redis.call('ZREM', KEY.eligible .. class, lane) end
  return jobs
end

local prefer = preferences(passes, window)

-- Most workers like their first job, and need no look at others.
local function next_job()
  local jobs = first_of(1)
  if #jobs == 0 or prefer.choices == 1 or liking(who, jobs[1]) > 0 then return jobs[1] end
  jobs = first_of(prefer.choices)
  if unsure then return nil end
  local best = chosen(who, jobs, prefer)
  for place = 1, best - 1 do redis.call('HINCRBY', KEY.job .. jobs[place].id, 'passes', 1) end
  return jobs[best]
end

local at = now_ms()
local claimed = { 1 }
for i = 1, math.min(wanted, who.room) do
  local first = next_job()
  if unsure and #claimed == 1 then return unsure end
  if unsure or not first then
    claimed[1] = unsure and 1 or 0
    break
  end
  local job = load_job(first.id)
  dequeue(job)
  assign(job, who, lease .. string.format('%02x', i), at, ttl_ms, op)
  for _, value in ipairs({ job.id, job.attempt, job.lease }) do table.insert(claimed, value) end
end
-- Nothing claimed: asked again, the answer may differ, and nothing is lost.
if #claimed > 1 then keep_reply(op, claimed) end
return described(claimed)
