#!lua flags=no-writes
-- ahead: how many jobs of some lanes come before a place in the order.
-- ARGV: score, member, lanes
-- Reply: how many
local score, member = ARGV[1], ARGV[2]

-- Where scores are equal, a sorted set is in the order of its members.
local function before(lane)
  local key = KEY.lane .. lane
  local low = redis.call('ZCOUNT', key, '-inf', '(' .. score)
  local high = low + redis.call('ZCOUNT', key, score, score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if redis.call('ZRANGE', key, middle, middle)[1] < member then
      low = middle + 1
    else
      high = middle
    end
  end
  return low
end

local count = 0
for i = 3, #ARGV do count = count + before(ARGV[i]) end
return { count }
