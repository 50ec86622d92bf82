#!lua flags=allow-oom
-- dissolve: removes workflows that have had neither jobs nor steps to do for long.
-- ARGV: age_ms, limit
-- Reply: dissolved, how many
local age_ms, limit = unpack(ARGV)

local ids = redis.call('ZRANGE', KEY.vacant, '-inf', text(now_ms() - age_ms), 'BYSCORE',
  'LIMIT', 0, limit)
for _, id in ipairs(ids) do drop_workflow(id) end
return { 'dissolved', #ids }
