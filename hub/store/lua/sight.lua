#!lua
-- sight: machines are connected still. Said twice it means the same: no reply is kept.
-- ARGV: machines
-- Reply: sighted, how many of them have enrolled
local known = {}
for _, machine in ipairs(ARGV) do
  if redis.call('EXISTS', KEY.machine .. machine) == 1 then known[#known + 1] = machine end
end
local at = text(now_ms())

for _, machine in ipairs(known) do redis.call('ZADD', KEY.machines, at, machine) end
return { 'sighted', #known }
