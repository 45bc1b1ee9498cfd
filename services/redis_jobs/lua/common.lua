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
  local ready = pending[P .. 'ready']
  if not ready then return end
  for _, by in pairs(ready) do
    if by > 0 then return wake() end
  end
end
