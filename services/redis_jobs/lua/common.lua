-- What all scripts share; see docs/operator/redis.md for the keys. ARGV[1] is the prefix of all keys.
local call = redis.call
local P = ARGV[1]
local clock = call('TIME')
local now_us = clock[1] * 1000000 + clock[2]
local now = math.floor(now_us / 1000)

local SCHEDULED, QUEUED, RUNNING, RETRYING, SUCCEEDED, DEAD, CANCELLED = 0, 1, 2, 3, 4, 5, 6
local RATE_PERIOD, RATE_PERIODS, HISTORY = 10000, 7, 20

-- A job's changing half is an array of these, packed by MessagePack; services/redis_jobs/codec.cpp reads it.
local STATUS, ATTEMPT, SPENT, DEATHS, TOKEN, DUE, STARTED, FINISHED, NODE, WORKER, ENTRY, CANCEL, PROGRESS, RESULT,
      ERROR, WORDS, ATTEMPTS = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17

local function bucket(id) return id:sub(1, 5) end -- a quarter of a second of the id's time
-- Of 16,384: few enough to cost little, so many that each stays a small, dense hash up to two million keys.
local function key_bucket(digest)
  local second = digest:byte(2)
  return P .. 'i:' .. digest:sub(1, 1) .. string.char(second - second % 4)
end
local function stream(queue, prio) return P .. 's:' .. prio .. ':' .. queue end
local function counters(queue) return P .. 'n:' .. queue end

-- Counters are added up here and written once, by settle().
local pending = {}
local function bump(key, field, by)
  local of = pending[key]
  if not of then of = {}; pending[key] = of end
  of[field] = (of[field] or 0) + by
end
local function forget_old_rates(key)
  local oldest = math.floor(now / RATE_PERIOD) - RATE_PERIODS
  for _, field in ipairs(call('HKEYS', key)) do
    local period = field:match('^[sf](%d+)$')
    if period and tonumber(period) <= oldest then call('HDEL', key, field) end
  end
end
local function settle()
  for key, fields in pairs(pending) do
    for field, by in pairs(fields) do
      if by ~= 0 then
        local value = call('HINCRBY', key, field, by)
        if value == 0 then
          call('HDEL', key, field)
        elseif value == by and field:find('^[sf]%d') then
          forget_old_rates(key)
        end
      end
    end
  end
  pending = {}
end
local function count_rate(queue, what)
  bump(counters(queue), what .. string.format('%.0f', math.floor(now / RATE_PERIOD)), 1)
end

-- Changes that others than the caller made or that it cannot know; it tells its observer.
local changes = {}
local function note(j, ran)
  local s = j.s
  changes[#changes + 1] = {j.id, s[STATUS], s[ATTEMPT], j.type, j.queue, s[NODE], s[ERROR], ran or -1, j.trace}
end

local opened = {}
local function open_queue(queue, most)
  if opened[queue] then return true end
  opened[queue] = true
  if call('HEXISTS', P .. 'q', queue) == 1 then return true end
  if most and call('HLEN', P .. 'q') >= most then
    opened[queue] = nil
    return false
  end
  call('HSET', P .. 'q', queue, '0')
  for prio = 0, 2 do
    redis.pcall('XGROUP', 'CREATE', stream(queue, prio), 'w', '0', 'MKSTREAM') -- BUSYGROUP: it is there
  end
  return true
end

-- Since when the first undelivered job of a stream waits, or nothing.
local function waits_since(queue, prio)
  local key = stream(queue, prio)
  local last = '0-0'
  for _, group in ipairs(call('XINFO', 'GROUPS', key)) do
    for i = 1, #group, 2 do
      if group[i] == 'last-delivered-id' then last = group[i + 1] end
    end
  end
  local first = call('XRANGE', key, '(' .. last, '+', 'COUNT', 1)[1]
  return first and tonumber(first[1]:match('^%d+'))
end

local function entry_name(ms, seq) return string.format('%.0f-%.0f', ms, seq) end

local function parse(id, spec)
  local created, ms, seq, prio, unique, max = struct.unpack('>I8I8I4BBI2', spec)
  local q, t, k, i, u = struct.unpack('>BBI2I2B', spec, 70)
  local at = 77
  local function text(size) at = at + size; return spec:sub(at - size, at - 1) end
  local j = {id = id, created = created, prio = prio, unique = unique, max = max}
  j.queue = text(q)
  j.type = text(t)
  j.key = text(k)
  j.idem = text(i)
  j.digest = i > 0 and text(16) or ''
  j.value = text(u)
  j.body = spec:sub(29, 44)
  j.trace = spec:sub(45, 69)
  j.entry = ms > 0 and entry_name(ms, seq) or ''
  return j
end
local function read(id)
  local b = bucket(id)
  local spec = call('HGET', P .. 'j:' .. b, id)
  if not spec then return nil end
  local j = parse(id, spec)
  local packed = call('HGET', P .. 't:' .. b, id)
  if packed then
    j.s = cmsgpack.unpack(packed)
  else -- as it was submitted
    j.s = {QUEUED, 0, 0, 0, 0, j.created, 0, 0, '', '', j.entry, 0, '', '', '', '', {}}
  end
  return j
end
local function write(j) call('HSET', P .. 't:' .. bucket(j.id), j.id, cmsgpack.pack(j.s)) end

local function set_status(j, status)
  local s = j.s
  local key = counters(j.queue)
  bump(key, j.prio .. s[STATUS], -1)
  bump(key, j.prio .. status, 1)
  if s[STATUS] == DEAD then call('ZREM', P .. 'dead', j.id) end
  if status == DEAD then call('ZADD', P .. 'dead', 0, j.id) end
  s[STATUS] = status
end

local function add_entry(queue, prio, id)
  bump(P .. 'ready', prio .. queue, 1)
  return call('XADD', stream(queue, prio), '*', 'j', id)
end
-- Jobs of one queue and key stand in line: the first one holds the key from then until its final state.
local function enter_line(queue, key, id)
  if key == '' then return true end
  local lines = P .. 'l:' .. queue
  local holder = call('HGET', lines, key)
  if holder == id then return true end
  if holder then
    call('RPUSH', P .. 'w:' .. queue .. ':' .. key, id)
    return false
  end
  call('HSET', lines, key, id)
  return true
end
local function make_ready(j)
  local s = j.s
  if s[STATUS] ~= QUEUED then set_status(j, QUEUED) end
  s[DUE] = now
  s[ENTRY] = enter_line(j.queue, j.key, j.id) and add_entry(j.queue, j.prio, j.id) or ''
end
local function wait_until(j, due, status)
  if due <= now then return make_ready(j) end
  if j.s[STATUS] ~= status then set_status(j, status) end
  j.s[DUE] = due
  call('ZADD', P .. 'd', due, j.id)
end
-- Takes a waiting job out of whatever it waits in.
local function leave(j)
  local s = j.s
  if s[STATUS] == SCHEDULED or s[STATUS] == RETRYING then call('ZREM', P .. 'd', j.id) end
  if s[STATUS] ~= QUEUED then return end
  if s[ENTRY] == '' then
    call('LREM', P .. 'w:' .. j.queue .. ':' .. j.key, 1, j.id)
  else
    call('XDEL', stream(j.queue, j.prio), s[ENTRY])
    bump(P .. 'ready', j.prio .. j.queue, -1)
    s[ENTRY] = ''
  end
end
local function release_key(j)
  if j.key == '' then return end
  local lines = P .. 'l:' .. j.queue
  if call('HGET', lines, j.key) ~= j.id then return end
  local id = call('LPOP', P .. 'w:' .. j.queue .. ':' .. j.key)
  if not id then
    call('HDEL', lines, j.key)
    return
  end
  call('HSET', lines, j.key, id)
  local next = read(id)
  next.s[ENTRY] = add_entry(next.queue, next.prio, id)
  write(next)
end

local function end_attempt(j, outcome, kind, words)
  local s = j.s
  call('XACK', stream(j.queue, j.prio), 'w', s[ENTRY])
  call('XDEL', stream(j.queue, j.prio), s[ENTRY])
  s[ENTRY] = ''
  call('ZREM', P .. 'run', j.id)
  bump(counters(j.queue), 'run', -1)
  if s[ATTEMPT] == 1 and outcome == 'succeeded' then return end -- the job's own fields say it all
  local attempts = s[ATTEMPTS]
  if #attempts >= HISTORY then table.remove(attempts, 1) end
  attempts[#attempts + 1] = {s[ATTEMPT], s[NODE], s[STARTED], now, outcome, kind or '', words or ''}
end
local function finish_job(j, status)
  set_status(j, status)
  j.s[FINISHED] = now
  count_rate(j.queue, 'f')
  if status ~= DEAD then -- dead letters stay until somebody decides
    bump(P .. 'c', 'live', -1)
    call('RPUSH', P .. 'done', j.id .. struct.pack('>I8', now))
  end
  if j.unique > 0 then
    local field = j.type .. '\0' .. j.value
    if call('HGET', P .. 'u', field) == j.id then call('HDEL', P .. 'u', field) end
  end
  release_key(j)
end
-- The job goes; its idempotency key stays known.
local function erase(j, key_retention)
  local b = bucket(j.id)
  call('HDEL', P .. 'j:' .. b, j.id)
  call('HDEL', P .. 't:' .. b, j.id)
  if call('EXISTS', P .. 'j:' .. b) == 0 then call('ZREM', P .. 'b', b) end
  bump(counters(j.queue), j.prio .. j.s[STATUS], -1)
  if j.s[STATUS] == DEAD then
    call('ZREM', P .. 'dead', j.id)
    bump(P .. 'c', 'live', -1)
  end
  if j.digest == '' then return end
  local keys = key_bucket(j.digest)
  if call('HGET', keys, j.digest) ~= j.id then return end
  local expires = math.max(now, j.s[FINISHED] + key_retention)
  call('HSET', keys, j.digest, j.id .. j.body .. string.char(j.s[STATUS]))
  call('ZADD', P .. 'ik', expires, j.digest)
end

-- Wakes a node that waits for work, if there is one.
local function wake()
  while true do
    local who = call('SPOP', P .. 'idle')
    if not who then return end
    if call('EXISTS', P .. 'wk:' .. who) == 1 then
      call('RPUSH', P .. 'm:' .. who, '!')
      call('PEXPIRE', P .. 'm:' .. who, 60000)
      return
    end
  end
end
local function wake_for_ready()
  local ready = pending[P .. 'ready']
  if not ready then return end
  for _, by in pairs(ready) do
    if by > 0 then return wake() end
  end
end

-- One submission; see submit.lua for its words. An accepted job answers its status, others {outcome, id, status}.
local ACCEPTED, DUPLICATE, MISUSED, NOT_UNIQUE, FULL, NO_QUEUE = 0, 1, 2, 3, 4, 5
local live
local filled = {} -- buckets
local function submit(at, max_jobs, max_queues)
  local id, digest, blob, queue, prio, key, policy, value, run_at = unpack(ARGV, at, at + 8)
  run_at = tonumber(run_at)
  policy = tonumber(policy)
  local keys, b = nil, bucket(id)
  if digest ~= '' then
    keys = key_bucket(digest)
    local known = call('HSETNX', keys, digest, id) == 0 and call('HGET', keys, digest)
    local first, status, body = known and known:sub(1, 16), nil, nil
    if known and #known > 16 then
      body, status = known:sub(17, 32), known:byte(33)
    elseif known then
      local j = read(first)
      if j then body, status = j.body, j.s[STATUS] end
    end
    if status then
      if first == id then return {ACCEPTED, first, status} end -- sent again by ourselves
      return {body == blob:sub(9, 24) and DUPLICATE or MISUSED, first, status}
    end
    if known then call('HSET', keys, digest, id) end -- of a job that a host lost with its tail
  elseif call('HEXISTS', P .. 'j:' .. b, id) == 1 then
    return {ACCEPTED, id, read(id).s[STATUS]}
  end
  local function refuse(outcome, other, status)
    if keys then call('HDEL', keys, digest) end
    return {outcome, other, status}
  end
  local replaced
  if policy > 0 then
    local first = call('HGET', P .. 'u', value)
    if first then
      local j = read(first)
      local status = j.s[STATUS]
      if policy == 2 then return refuse(NOT_UNIQUE, first, status) end
      if policy == 1 or status == RUNNING then return refuse(DUPLICATE, first, status) end
      replaced = j
    end
  end
  if not live then live = tonumber(call('HGET', P .. 'c', 'live') or 0) end
  if live - (replaced and 1 or 0) >= max_jobs then return refuse(FULL, '', 0) end
  if not open_queue(queue, max_queues) then return refuse(NO_QUEUE, '', 0) end
  if replaced then
    leave(replaced)
    replaced.s[ERROR], replaced.s[WORDS] = 'replaced', 'replaced by ' .. ARGV[at + 9]
    finish_job(replaced, CANCELLED)
    write(replaced)
    note(replaced)
    live = live - 1
  end
  live = live + 1
  bump(P .. 'c', 'live', 1)
  count_rate(queue, 's')
  if policy > 0 then call('HSET', P .. 'u', value, id) end
  if not filled[b] then
    call('ZADD', P .. 'b', 0, b)
    filled[b] = true
  end
  local status, ms, seq = QUEUED, 0, 0
  if run_at > now then
    status = SCHEDULED
    call('ZADD', P .. 'd', run_at, id)
    call('HSET', P .. 't:' .. b, id,
         cmsgpack.pack({SCHEDULED, 0, 0, 0, 0, run_at, 0, 0, '', '', '', 0, '', '', '', '', {}}))
  elseif enter_line(queue, key, id) then
    local entry = add_entry(queue, prio, id)
    local dash = entry:find('-', 1, true)
    ms, seq = tonumber(entry:sub(1, dash - 1)), tonumber(entry:sub(dash + 1))
  end
  call('HSET', P .. 'j:' .. b, id, struct.pack('>I8I8I4', now, ms, seq) .. blob)
  bump(counters(queue), prio .. status, 1)
  return status
end

-- Only when nothing is pending for it, which would be lost with it.
local function forget_consumer(queue, consumer)
  for prio = 0, 2 do
    for _, c in ipairs(call('XINFO', 'CONSUMERS', stream(queue, prio), 'w')) do
      local of = {}
      for i = 1, #c, 2 do of[c[i]] = c[i + 1] end
      if of.name == consumer and of.pending == 0 then
        call('XGROUP', 'DELCONSUMER', stream(queue, prio), 'w', consumer)
      end
    end
  end
end

-- A claim that has ended without an outcome.
local function lose(j, died, most_deaths)
  local s = j.s
  local ran = now - s[STARTED]
  end_attempt(j, 'lost', 'lost', died and 'its worker died' or 'its claim ended without an outcome')
  s[SPENT] = s[SPENT] - 1
  if died then s[DEATHS] = s[DEATHS] + 1 end
  if s[CANCEL] == 1 then
    s[ERROR], s[WORDS] = 'cancelled', 'cancelled on request'
    finish_job(j, CANCELLED)
  elseif died and s[DEATHS] >= most_deaths then
    s[ERROR], s[WORDS] = 'poison', 'its worker died ' .. s[DEATHS] .. ' times'
    finish_job(j, DEAD)
  else
    make_ready(j)
  end
  write(j)
  note(j, ran)
end
