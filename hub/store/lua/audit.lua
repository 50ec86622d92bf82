#!lua flags=no-writes,allow-oom
-- audit: does what is indexed agree with what the jobs say? A look at a few members at one moment.
-- Members that have left since they were listed are passed over.
-- ARGV: jobs, job ids | index, noun, owner, members | heads, members | lanes, lane ids
-- Reply: audited, then a line for each difference; for each job also "lane of " and its lane
local reply = { 'audited' }
local subject = ARGV[1]

local function differ(...) table.insert(reply, table.concat({ ... }, ' ')) end

local function must_rank(id, key, score)
  local has = redis.call('ZSCORE', key, id)
  if not has or tonumber(has) ~= tonumber(score) then
    differ(id, 'should stand in', key, 'at', score, 'and', has and 'stands at ' .. has or 'does not')
  end
end

-- Whether a graph that runs keeps the job from retention.
local function is_needed(job)
  if not job.step_name then return false end
  return redis.call('HGET', KEY.workflow .. job.workflow, 'state') == 'running'
    and redis.call('HGET', KEY.steps .. job.workflow, 'job:' .. job.step_name) == job.id
end

local function audit_job(id)
  if not redis.call('ZSCORE', KEY.jobs, id) then return end
  local job = load_job(id)
  if not job then
    differ(id, 'stands in jobs, and there is no such job')
    return
  end
  local more = redis.call('HMGET', KEY.job .. id, 'type', 'customer', 'not_before', 'finished_at',
    'error_class')
  must_rank(id, KEY.by_status .. job.state, job.seq)
  must_rank(id, KEY.by_type .. more[1], job.seq)
  if more[2] ~= '' then must_rank(id, KEY.by_customer .. more[2], job.seq) end
  if job.workflow ~= '' then must_rank(id, KEY.by_workflow .. job.workflow, job.seq) end
  if job.worker then must_rank(id, KEY.by_worker .. job.worker, job.seq) end
  if job.state == 'failed' then must_rank(id, KEY.by_error .. more[5], job.seq) end
  if job.state == 'pending' then must_rank(job.member, KEY.lane .. job.lane, job.score) end
  if job.state == 'delayed' then must_rank(id, KEY.delayed, more[3]) end
  if is_leased(job) then
    if not redis.call('ZSCORE', KEY.leases, id) then differ(id, 'runs without a lease') end
    if redis.call('SISMEMBER', KEY.held .. job.worker, id) == 0 then
      differ(id, 'is not among what', job.worker, 'holds')
    end
  elseif not is_waiting(job) and not is_needed(job) then
    must_rank(id, KEY.finished .. job.state, more[4])
  end
  table.insert(reply, 'lane of ' .. job.lane)
end

-- What a member of an index must be. Members of a lane end in the job's id.
local AGREES = {
  jobs = function(job) return true end,
  by_status = function(job, owner) return job.state == owner end,
  by_type = function(job, owner) return redis.call('HGET', KEY.job .. job.id, 'type') == owner end,
  by_customer = function(job, owner)
    return redis.call('HGET', KEY.job .. job.id, 'customer') == owner
  end,
  by_worker = function(job) return true end,
  by_workflow = function(job, owner) return job.workflow == owner end,
  by_error = function(job, owner)
    return job.state == 'failed' and redis.call('HGET', KEY.job .. job.id, 'error_class') == owner
  end,
  lane = function(job, owner) return job.state == 'pending' and job.lane == owner end,
  delayed = function(job) return job.state == 'delayed' end,
  leases = is_leased,
  held = function(job, owner) return is_leased(job) and job.worker == owner end,
  finished = function(job, owner) return job.state == owner end,
}

local function audit_member(noun, owner, member)
  local key = KEY[noun] .. owner
  local is_there = noun == 'held' and redis.call('SISMEMBER', key, member) == 1
    or noun ~= 'held' and redis.call('ZSCORE', key, member)
  if not is_there then return end
  local job = load_job(string.match(member, '[^:]*$'))
  if not job or not AGREES[noun](job, owner) then
    differ(member, 'stands in', key, 'and is', job and job.state or 'gone')
  end
end

local function audit_head(head)
  local member, lane = string.match(head, '^(.*):([^:]*)$')
  if redis.call('ZSCORE', KEY.heads, head) and head_of(lane) ~= member then
    differ(head, 'stands in heads, and is not the first of its lane')
  end
end

local function audit_lane(lane)
  if redis.call('HEXISTS', KEY.lane_jobs, lane) == 0 then return end
  local first, score = head_of(lane)
  if first then must_rank(first .. ':' .. lane, KEY.heads, score) end
  if redis.call('HEXISTS', KEY.lanes, lane) == 0 then differ('lane', lane, 'has no requirement') end
  if not redis.call('ZSCORE', KEY.lane_log, lane) then differ('lane', lane, 'has no version') end
end

if subject == 'index' then
  for i = 4, #ARGV do audit_member(ARGV[2], ARGV[3], ARGV[i]) end
else
  local audit_one = ({ jobs = audit_job, heads = audit_head, lanes = audit_lane })[subject]
  for i = 2, #ARGV do audit_one(ARGV[i]) end
end
return reply
