-- Which waiting jobs a worker of a class is given next. Shared by claim, which takes them, and peek,
-- which only tells; nothing here writes.

local function is_before(one, other)
  return one.score < other.score or one.score == other.score and one.member < other.member
end

-- Keeps `list` in order and not longer than `limit`. Whether `each` has found a place.
local function insert_in_order(list, each, limit)
  if #list == limit and not is_before(each, list[limit]) then return false end
  local place = #list + 1
  while place > 1 and is_before(each, list[place - 1]) do place = place - 1 end
  table.insert(list, place, each)
  list[limit + 1] = nil
  return true
end

-- How many more jobs of a lane may run now: all of them count in the same groups.
local function room_of(member)
  if not is_limited() then return math.huge end
  local job = redis.call('HMGET', KEY.job .. string.match(member, '[^:]*$'), 'type', 'customer')
  return (room_for('running', { type = job[1], customer = job[2] }))
end

local function may_run(worker, lane, member)
  return room_of(member) > 0 and not is_kept_from(worker, lane)
end

-- The first `wanted` lanes that the class can serve, and whether there are no others before them.
-- A lane whose jobs may not run now on the worker is passed over.
-- Walks the heads in order, at most as many as the class has lanes: a broad worker finds one at
-- once, and a narrow one is cheaper off with a look at each of its own.
local function lanes_by_heads(mine, wanted, worker)
  local found, walked, chunk, limit = {}, 0, 1, redis.call('ZCARD', mine) - 1
  while walked < limit do
    local heads = redis.call('ZRANGE', KEY.heads, walked, walked + chunk - 1)
    if #heads == 0 then return found, true end
    local names, members = {}, {}
    for i, head in ipairs(heads) do members[i], names[i] = string.match(head, '^(.*):([^:]*)$') end
    for i, is_mine in ipairs(redis.call('ZMSCORE', mine, unpack(names))) do
      if is_mine and may_run(worker, names[i], members[i]) then table.insert(found, names[i]) end
      if #found == wanted then return found, true end
    end
    walked, chunk = walked + #heads, math.min(chunk * 2, 64)
  end
  return found, false
end

-- The same by a look at each lane of the class; also those that are gone.
local function lanes_by_name(mine, wanted, worker)
  local first, gone = {}, {}
  for _, lane in ipairs(redis.call('ZRANGE', mine, 0, -1)) do
    local member, score = head_of(lane)
    if member and may_run(worker, lane, member) then
      insert_in_order(first, { lane = lane, member = member, score = tonumber(score) }, wanted)
    elseif not member and lane ~= '' and redis.call('HEXISTS', KEY.lane_jobs, lane) == 0 then
      table.insert(gone, lane)
    end
  end
  for place, each in ipairs(first) do first[place] = each.lane end
  return first, gone
end

-- The first `wanted` waiting jobs in order that the worker may be given, each with lane, member and score;
-- and the lanes of the class that were found gone.
local function first_jobs(class, wanted, worker)
  local mine, gone, jobs = KEY.eligible .. class, {}, {}
  local lanes, is_certain = lanes_by_heads(mine, wanted, worker)
  if not is_certain then lanes, gone = lanes_by_name(mine, wanted, worker) end
  for _, lane in ipairs(lanes) do
    local found = redis.call('ZRANGE', KEY.lane .. lane, 0, wanted - 1, 'WITHSCORES')
    for i = 1, math.min(#found, 2 * room_of(found[1])), 2 do
      local job = { lane = lane, member = found[i], score = tonumber(found[i + 1]) }
      if not insert_in_order(jobs, job, wanted) then break end
    end
  end
  for _, job in ipairs(jobs) do job.id = string.match(job.member, '[^:]*$') end
  return jobs, gone
end
