#!lua flags=no-writes
-- peek: which jobs workers of a class would be given, one after the other.
-- ARGV: class, wanted, passes, window (see _prefer.lua), workers
-- Reply: jobs, then for each worker a list of ids, the next first
--        stale, version, class: lanes were added since this class was classified
local class, wanted, passes, window = unpack(ARGV, 1, 4)

local stale = stale_version(class)
if stale then return { 'stale', stale, class } end

local prefer = preferences(passes, window)
local function first_for(worker)
  return (first_jobs(class, wanted + prefer.choices - 1, worker))
end

-- Workers that have failed with nothing that waits are given the same jobs.
local for_all = redis.call('EXISTS', KEY.shunned) == 0 and first_for('')

local function taken_by(id)
  local jobs = for_all or first_for(id)
  local worker = { id = id, warm = redis.call('HGET', KEY.worker .. id, 'warm') }
  local left, taken, passed = {}, {}, {}
  for i, job in ipairs(jobs) do left[i] = job end
  while #taken < tonumber(wanted) and #left > 0 do
    local best = chosen(worker, left, prefer)
    for place = 1, best - 1 do
      left[place].passes = left[place].passes + 1
      table.insert(passed, left[place])
    end
    local job = table.remove(left, best)
    if prefer.choices > 1 then
      learn(job)
      worker.warm = job.loads
    end
    table.insert(taken, job.id)
  end
  for _, job in ipairs(passed) do job.passes = job.passes - 1 end
  return taken
end

local reply = { 'jobs' }
for i = 5, #ARGV do table.insert(reply, taken_by(ARGV[i])) end
return unsure or reply
