#!lua
-- stock: files of models that a worker has, or knows more of. Said twice it means the same: no reply
-- is kept.
-- ARGV: worker, most, anew (1: what was said before does not count), how many are gone, these, then
-- name and facts of each file
-- Reply: stocked | unknown: the worker is not connected | full: there would be more than `most`
local worker, most, anew, n = unpack(ARGV, 1, 4)
local key = KEY.models .. worker
local first = 5 + n

local session = redis.call('HGET', KEY.worker .. worker, 'session')
if not session or session == '' then return { 'unknown' } end
local count = anew == '1' and 0 or redis.call('HLEN', key)
for i = first, #ARGV, 2 do
  if anew == '1' or redis.call('HEXISTS', key, ARGV[i]) == 0 then count = count + 1 end
end
if count > tonumber(most) then return { 'full' } end

if anew == '1' then redis.call('DEL', key) end
for i = 5, first - 1 do redis.call('HDEL', key, ARGV[i]) end
for i = first, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
return { 'stocked' }
