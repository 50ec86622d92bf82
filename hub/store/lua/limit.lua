#!lua
-- limit: how many jobs of a type or of a customer may wait and run from now on.
-- ARGV: field and number of each limit: (waiting|running):(type|customer):name, the name * for all
--       that have no limit of their own
-- Reply: limited | kept: these are the limits
local is_same = redis.call('HLEN', KEY.limits) == #ARGV / 2
for i = 1, #ARGV, 2 do
  is_same = is_same and redis.call('HGET', KEY.limits, ARGV[i]) == ARGV[i + 1]
end
if is_same then return { 'kept' } end

redis.call('DEL', KEY.limits)
if #ARGV > 0 then redis.call('HSET', KEY.limits, unpack(ARGV)) end
redis.call('PUBLISH', KEY.news, 'room')
return { 'limited' }
