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
-- Of 16,384, since 2 of the 16 bits are 0 in all digests: few enough to cost little, so many that each stays a small,
-- dense hash up to two million keys.
local function key_bucket(digest) return P .. 'i:' .. digest:sub(1, 2) end
local function stream(queue, prio) return P .. 's:' .. prio .. ':' .. queue end
local function last_delivered(key)
  for _, group in ipairs(call('XINFO', 'GROUPS', key)) do
    for i = 1, #group, 2 do
      if group[i] == 'last-delivered-id' then return group[i + 1] end
    end
  end
  return '0-0'
end
local function counters(queue) return P .. 'n:' .. queue end

-- settle() makes these writes: what goes to one key in one command, and sums of what counters change by.
local MOST_WORDS = 4000 -- of a command; Lua unpacks no more than 8,000
local later = {} -- command → key → words
local function put(command, key, word, second)
  local keys = later[command]
  if not keys then keys = {}; later[command] = keys end
  local words = keys[key]
  if not words then words = {}; keys[key] = words end
  words[#words + 1] = word
  if second then words[#words + 1] = second end
  if #words >= MOST_WORDS then
    keys[key] = nil
    call(command, key, unpack(words))
  end
end
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
local became_ready = false
local function settle()
  for command, keys in pairs(later) do
    for key, words in pairs(keys) do call(command, key, unpack(words)) end
  end
  later = {}
  for key, fields in pairs(pending) do
    for field, by in pairs(fields) do
      if by ~= 0 then
        local value = call('HINCRBY', key, field, by)
        if value == 0 then
          call('HDEL', key, field)
        elseif value == by and field:find('^[sf]%d') then
          forget_old_rates(key)
        end
        became_ready = became_ready or (by > 0 and key == P .. 'ready')
      end
    end
  end
  pending = {}
end
local function count_rate(queue, what)
  bump(counters(queue), what .. string.format('%.0f', math.floor(now / RATE_PERIOD)), 1)
end

-- Values of `kind` (j or t) for these ids, in their order.
local function values_of(kind, ids)
  local out, from = {}, 1
  while from <= #ids do
    local b, last = bucket(ids[from]), from
    while last < #ids and last - from < 500 and bucket(ids[last + 1]) == b do last = last + 1 end
    local values = call('HMGET', P .. kind .. b, unpack(ids, from, last))
    for i = 1, #values do out[from + i - 1] = values[i] end
    from = last + 1
  end
  return out
end

-- Changes that others than the caller made or that it cannot know; it tells its observer.
local changes = {}

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
  if became_ready then wake() end
end
