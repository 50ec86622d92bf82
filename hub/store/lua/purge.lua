#!lua flags=allow-oom
-- purge: removes the oldest of the jobs that ended in a state, with everything that was kept of them:
-- those beyond a number, or else those that ended long ago.
-- ARGV: state, age_ms, keep (how many stay at most), limit
-- Reply: purged, how many
local state, age_ms, keep, limit = unpack(ARGV)

local over = math.min(redis.call('ZCARD', KEY.finished .. state) - keep, limit)
local ids = over > 0 and redis.call('ZRANGE', KEY.finished .. state, 0, over - 1)
  or redis.call('ZRANGE', KEY.finished .. state, '-inf', text(now_ms() - age_ms), 'BYSCORE',
  'LIMIT', 0, limit)
for _, id in ipairs(ids) do
  local has = redis.call('HMGET', KEY.job .. id, 'type', 'customer', 'workflow', 'lane', 'error_class')
  redis.call('ZREM', KEY.by_type .. has[1], id)
  if has[2] ~= '' then redis.call('ZREM', KEY.by_customer .. has[2], id) end
  if has[3] ~= '' then leave_workflow(has[3], id) end
  for _, record in ipairs(redis.call('LRANGE', KEY.attempts .. id, 0, -1)) do
    redis.call('ZREM', KEY.by_worker .. cjson.decode(record).worker_id, id)
  end
  leave_lane(has[4])
  if has[5] then redis.call('ZREM', KEY.by_error .. has[5], id) end
  redis.call('ZREM', KEY.by_status .. state, id)
  redis.call('ZREM', KEY.jobs, id)
  redis.call('ZREM', KEY.finished .. state, id)
  redis.call('DEL', KEY.job .. id, KEY.attempts .. id, KEY.events .. id, KEY.replays .. id)
end
return { 'purged', #ids }
