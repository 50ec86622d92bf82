-- What the ended attempts of a job tell.

local POISON_WORKERS = 3

-- Whether the engine has died on so many workers while it ran the job, which is rather at fault then.
local function is_poison(job)
  local workers, count = {}, 0
  for _, record in ipairs(redis.call('LRANGE', KEY.attempts .. job.id, 0, -1)) do
    local attempt = cjson.decode(record)
    if attempt.error_class == 'engine_crash' and not workers[attempt.worker_id] then
      workers[attempt.worker_id], count = true, count + 1
    end
  end
  return count >= POISON_WORKERS
end
