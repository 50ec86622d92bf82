#!lua flags=no-writes
-- peek: which jobs a class of workers would be given, in order.
-- ARGV: class, wanted
-- Reply: jobs, then their ids | stale, version: lanes were added since the class was classified
local class, wanted = unpack(ARGV)

local stale = stale_version(class)
if stale then return { 'stale', stale } end

local reply = { 'jobs' }
for _, job in ipairs((first_jobs(class, tonumber(wanted)))) do table.insert(reply, job.id) end
return reply
