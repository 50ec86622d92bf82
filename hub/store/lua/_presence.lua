-- The classes of the workers that are connected: from them it is told what nobody could do. Their
-- version changes when a class comes or goes.

local function class_version()
  return redis.call('GET', KEY.class_version) or '0'
end

local function enter_class(class, capability)
  if redis.call('HINCRBY', KEY.class_workers, class, 1) > 1 then return end
  redis.call('HSET', KEY.classes, class, capability)
  redis.call('INCR', KEY.class_version)
end

local function leave_class(class)
  if redis.call('HINCRBY', KEY.class_workers, class, -1) > 0 then return end
  redis.call('HDEL', KEY.class_workers, class)
  redis.call('HDEL', KEY.classes, class)
  redis.call('INCR', KEY.class_version)
end
