#!lua
-- settle: the holder of an idempotency key has an answer, or lets go of the key without one. Said
-- twice it means the same: no reply is kept.
-- ARGV: id of the key, holder, the answer or ''
-- Reply: settled | superseded: another request has the key since
local id, holder, answer = unpack(ARGV)

local key = KEY.answer .. id
if redis.call('HGET', key, 'holder') ~= holder then return { 'superseded' } end

if answer == '' then
  redis.call('HSET', key, 'held_until', '0')
else
  redis.call('HSET', key, 'answer', answer)
end
return { 'settled' }
