#!lua flags=allow-oom
-- take: a worker claims the very job that it names, if it still waits. That its class can serve it
-- is for the caller to know.
-- ARGV: op, worker, session, ttl_ms, job, lease id
-- Reply: claimed, 0, job, attempt, lease, type, priority, payload, timeout_ms
--        evicted: another session has this worker
--        full: the worker holds as many jobs as it has slots
--        capped: as many jobs of its type or of its customer run as may
--        kept: the worker has failed with the job, and others could do it
--        stale, version, class: lanes were added since this class was classified
--        gone, state, worker: the job does not wait; who has it, if anybody
--        unknown: there is no such job
local op, worker, session, ttl_ms, id, lease = unpack(ARGV)

local kept = kept_reply(op)
if kept then return described(kept) end

local who = taking(worker, session)
if not who then return { 'evicted' } end
local job = load_job(id)
if not job then return { 'unknown' } end
if job.state ~= 'pending' then return { 'gone', job.state, job.worker or '' } end
if who.room < 1 then return { 'full' } end
if room_for('running', job) < 1 then return { 'capped' } end
if is_kept_from(worker, job.lane) then return unsure or { 'kept' } end

local at = now_ms()
dequeue(job)
assign(job, who, lease, at, ttl_ms, op)
return described(keep_reply(op, { 0, job.id, job.attempt, job.lease }))
