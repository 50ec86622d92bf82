-- What a worker would rather run, among jobs of equal priority. It may pass jobs over for it, each
-- at most so many times in its life: then nothing behind that job is looked at.
-- `prefer`: passes, the most times a job is passed over; window, how far apart in submissions two
-- jobs may be; either 0: strict order. `worker`: id, warm (what it loaded last).

local LOOKED_AT = 8 -- how many jobs a worker chooses among

local function preferences(passes, window)
  local prefer = { passes = tonumber(passes), window = tonumber(window) }
  prefer.choices = prefer.passes > 0 and prefer.window > 0 and LOOKED_AT or 1
  return prefer
end

local function learn(job)
  if job.seq then return end
  local has = redis.call('HMGET', KEY.job .. job.id, 'seq', 'loads', 'passes', 'workflow',
    'last_failed_worker')
  job.seq, job.loads, job.passes = tonumber(has[1]), has[2], tonumber(has[3] or 0)
  job.last_failed_worker = has[5]
  if has[4] and has[4] ~= '' then
    job.last_worker = redis.call('HMGET', KEY.workflow .. has[4], 'last_worker')[1]
  end
end

local function liking(worker, job)
  learn(job)
  local points = 0
  if worker.warm and job.loads == worker.warm then points = points + 1 end
  if job.last_worker == worker.id then points = points + 2 end
  if job.last_failed_worker == worker.id then points = points - 4 end
  return points
end

-- Which of `jobs`, in order, the worker takes. One that it likes is not passed over at all.
local function chosen(worker, jobs, prefer)
  if #jobs == 0 or prefer.choices == 1 then return 1 end
  local first, best, most = jobs[1], 1, liking(worker, jobs[1])
  for place = 2, math.min(#jobs, prefer.choices) do
    local job = jobs[place]
    if most > 0 or job.score ~= first.score or jobs[place - 1].passes >= prefer.passes then break end
    local points = liking(worker, job)
    if points > most and math.abs(job.seq - first.seq) <= prefer.window then
      best, most = place, points
    end
  end
  return best
end
