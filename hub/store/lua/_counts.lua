-- How many jobs of each type and of each customer wait and run, and how many may. A count that is
-- zero is not kept.

local STAGES = {
  pending = 'waiting', delayed = 'waiting', assigned = 'running', in_progress = 'running',
}

-- The groups that a job counts in, as the fields of `counts` and `limits` name them.
local function groups_of(stage, job)
  local groups = { { field = stage .. ':type:' .. job.type, any = stage .. ':type:*' } }
  if job.customer and job.customer ~= '' then
    table.insert(groups,
      { field = stage .. ':customer:' .. job.customer, any = stage .. ':customer:*' })
  end
  return groups
end

local function limit_of(group)
  local limits = redis.call('HMGET', KEY.limits, group.field, group.any)
  return tonumber(limits[1] or limits[2] or nil)
end

local has_limits = nil

local function is_limited()
  if has_limits == nil then has_limits = redis.call('EXISTS', KEY.limits) == 1 end
  return has_limits
end

-- How many more jobs like this one may be in the stage; the group that allows the fewest, its limit.
local function room_for(stage, job)
  local room, narrowest, most = math.huge, nil, nil
  if not is_limited() then return room end
  for _, group in ipairs(groups_of(stage, job)) do
    local limit = limit_of(group)
    local left = limit and limit - (redis.call('HGET', KEY.counts, group.field) or 0)
    if left and left < room then room, narrowest, most = left, group.field, limit end
  end
  return room, narrowest, most
end

local function add_to(group, by)
  local count = redis.call('HINCRBY', KEY.counts, group.field, by)
  if count == 0 then redis.call('HDEL', KEY.counts, group.field) end
  return count
end

-- A job leaves one stage for another. Room among the running is news: for other jobs than those of
-- the worker that leaves it, and of other lanes.
local function recount(job, from, to)
  local before, after = STAGES[from], STAGES[to]
  if before == after then return end
  for _, group in ipairs(after and groups_of(after, job) or {}) do add_to(group, 1) end
  local is_news = false
  for _, group in ipairs(before and groups_of(before, job) or {}) do
    local count = add_to(group, -1)
    if before == 'running' and is_limited() and limit_of(group) == count + 1 then is_news = true end
  end
  if is_news then redis.call('PUBLISH', KEY.news, 'room') end
end
