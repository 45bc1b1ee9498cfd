-- One submission; see submit.lua for its words. An accepted job answers its status, others {outcome, id, status}.
local ACCEPTED, DUPLICATE, MISUSED, NOT_UNIQUE, FULL, NO_QUEUE = 0, 1, 2, 3, 4, 5
local live
local lanes = {} -- by priority:queue, those that were submitted to
local function lane_of(name, max_queues)
  local lane = lanes[name]
  if not lane then
    lane = {prio = name:sub(1, 1), queue = name:sub(3), stream = P .. 's:' .. name, came = 0, queued = 0,
            ready = 0}
    lane.open = open_queue(lane.queue, max_queues)
    lanes[name] = lane
  end
  return lane
end
-- Fixed halves of one bucket are written together.
local fixed, fixed_size, fixed_bucket = {}, 0, nil
local filled = {} -- buckets
local made = {} -- jobs without an idempotency key
local function write_fixed()
  if fixed_size == 0 then return end
  call('HSET', P .. 'j:' .. fixed_bucket, unpack(fixed, 1, fixed_size))
  fixed_size = 0
  if not filled[fixed_bucket] then
    call('ZADD', P .. 'b', 0, fixed_bucket)
    filled[fixed_bucket] = true
  end
end
-- What the submissions have left for the end.
local function end_submissions()
  write_fixed()
  for _, lane in pairs(lanes) do
    if lane.came > 0 then
      bump(P .. 'c', 'live', lane.came)
      bump(P .. 'ready', lane.prio .. lane.queue, lane.ready)
      bump(counters(lane.queue), 's' .. string.format('%.0f', math.floor(now / RATE_PERIOD)), lane.came)
      bump(counters(lane.queue), lane.prio .. QUEUED, lane.queued)
      bump(counters(lane.queue), lane.prio .. SCHEDULED, lane.came - lane.queued)
    end
  end
end
-- The idempotency key is of another job, or this one is sent again. → its answer, or nothing when it is to be made.
local function submitted_before(id, digest, keys, body)
  write_fixed()
  local known = call('HGET', keys, digest)
  local first, status, of = known:sub(1, 16), nil, nil
  if #known > 16 then
    of, status = known:sub(17, 32), known:byte(33)
  else
    local j = read(first)
    if j then of, status = details(j).body, j.s[STATUS] end
  end
  if not status then -- of a job that a host lost with its tail
    call('HSET', keys, digest, id)
    return nil
  end
  if first == id then return {ACCEPTED, first, status} end -- sent again by ourselves
  return {of == body and DUPLICATE or MISUSED, first, status}
end
local function refuse(keys, digest, outcome, other, status)
  if keys then call('HDEL', keys, digest) end
  return {outcome, other, status}
end
local function submit(at, max_jobs, max_queues)
  local id, digest, blob, name, wishes = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local keys, b = nil, bucket(id)
  if digest ~= '' then
    keys = key_bucket(digest)
    local answer = call('HSETNX', keys, digest, id) == 0 and submitted_before(id, digest, keys, blob:sub(9, 24))
    if answer then return answer end
  else
    if made[id] then write_fixed() end
    if call('HEXISTS', P .. 'j:' .. b, id) == 1 then return {ACCEPTED, id, read(id).s[STATUS]} end
    made[id] = true
  end
  local key, policy, value, run_at, text, replaced = '', 0, '', 0, '', nil
  if wishes ~= '' then
    local key_size, value_size
    run_at, policy, key_size, value_size = struct.unpack('>I8BI2I2', wishes)
    key, value = wishes:sub(14, 13 + key_size), wishes:sub(14 + key_size, 13 + key_size + value_size)
    text = wishes:sub(14 + key_size + value_size)
  end
  if policy > 0 then
    local first = call('HGET', P .. 'u', value)
    if first then
      write_fixed()
      local j = read(first)
      local status = j.s[STATUS]
      if policy == 2 then return refuse(keys, digest, NOT_UNIQUE, first, status) end
      if policy == 1 or status == RUNNING then return refuse(keys, digest, DUPLICATE, first, status) end
      replaced = j
    end
  end
  if not live then live = tonumber(call('HGET', P .. 'c', 'live') or 0) end
  if live - (replaced and 1 or 0) >= max_jobs then return refuse(keys, digest, FULL, '', 0) end
  local lane = lane_of(name, max_queues)
  if not lane.open then return refuse(keys, digest, NO_QUEUE, '', 0) end
  if replaced then
    leave(replaced)
    replaced.s[ERROR], replaced.s[WORDS] = 'replaced', 'replaced by ' .. text
    finish_job(replaced, CANCELLED)
    write(replaced)
    note(replaced)
    live = live - 1
  end
  live = live + 1
  lane.came = lane.came + 1
  if policy > 0 then call('HSET', P .. 'u', value, id) end
  local status, ms, seq = QUEUED, 0, 0
  if run_at > now then
    status = SCHEDULED
    call('ZADD', P .. 'd', run_at, id)
    call('HSET', P .. 't:' .. b, id,
         cmsgpack.pack({SCHEDULED, 0, 0, 0, 0, run_at, 0, 0, '', '', '', 0, '', '', '', '', {}}))
  else
    lane.queued = lane.queued + 1
    if enter_line(lane.queue, key, id) then
      lane.ready = lane.ready + 1
      ms, seq = call('XADD', lane.stream, '*', 'j', id):match('^(%d+)-(%d+)$')
    end
  end
  if fixed_bucket ~= b or fixed_size == 1000 then
    write_fixed()
    fixed_bucket = b
  end
  known[id] = nil -- it may have been looked for
  fixed[fixed_size + 1], fixed[fixed_size + 2] = id, struct.pack('>I8I8I4', now, ms, seq) .. blob
  fixed_size = fixed_size + 2
  return status
end
