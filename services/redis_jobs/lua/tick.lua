-- Housekeeping, of every node once a second and when something is due. ARGV: prefix, instance, ms that it counts as
-- alive without a sign, run id of the server, claim TTL (ms), most deaths, retention of results and of keys (ms), 1 to
-- go on with what was left. → {now, changes, next due or -1, revoked claims, 1 when retention left something}, each of
-- those claims {consumer, id, token}
local instance, alive, run_id = ARGV[2], tonumber(ARGV[3]), ARGV[4]
local ttl, most_deaths = tonumber(ARGV[5]), tonumber(ARGV[6])
local retention, key_retention = tonumber(ARGV[7]), tonumber(ARGV[8])
local STEP = 500
local revoked = {}
call('SET', P .. 'wk:' .. instance, '1', 'PX', alive)

local due = call('ZRANGEBYSCORE', P .. 'd', '-inf', now, 'LIMIT', 0, STEP)
read_all(due)
for _, id in ipairs(due) do
  call('ZREM', P .. 'd', id)
  local j = read(id)
  if j and (j.s[STATUS] == SCHEDULED or j.s[STATUS] == RETRYING) then
    make_ready(j)
    write(j)
    note(j)
  end
end

-- One node at a time does the rest.
local more = 0
local sweeper = call('GET', P .. 'sweeper')
if not sweeper or (ARGV[9] == '1' and sweeper == instance) then
  call('SET', P .. 'sweeper', instance, 'PX', math.min(1000, math.max(10, math.floor(ttl / 4))))
  -- A server that came up a moment ago knows of no node: each gets one TTL to show that it is alive.
  if call('HSETNX', P .. 'runs', run_id, now) == 1 then
    for _, other in ipairs(call('HKEYS', P .. 'runs')) do
      if other ~= run_id then call('HDEL', P .. 'runs', other) end
    end
  end
  if now >= tonumber(call('HGET', P .. 'runs', run_id)) + ttl then
    for _, queue in ipairs(call('HKEYS', P .. 'q')) do
      local dead = {}
      for prio = 0, 2 do
        local key = stream(queue, prio)
        local cursor = '0-0'
        repeat
          local found = call('XAUTOCLAIM', key, 'w', '-', ttl, cursor, 'COUNT', 100)
          cursor = found[1]
          for _, e in ipairs(found[2]) do
            local j = e[2] and read(e[2][2])
            if j and j.s[STATUS] == RUNNING and j.s[ENTRY] == e[1] then
              local worker = j.s[WORKER]
              revoked[#revoked + 1] = {worker, j.id, string.format('%.0f', j.s[TOKEN])}
              local died = call('EXISTS', P .. 'wk:' .. worker:match('^[^/]*')) == 0
              lose(j, died, most_deaths)
              if died then dead[worker] = true end
            else
              call('XACK', key, 'w', e[1])
              call('XDEL', key, e[1])
            end
          end
        until cursor == '0-0' or #revoked >= STEP
      end
      settle_jobs()
      for worker in pairs(dead) do forget_consumer(queue, worker) end
    end
  end
  local over, ids = {}, {}
  for _, one in ipairs(call('LRANGE', P .. 'done', 0, STEP - 1)) do
    local finished = struct.unpack('>I8', one, 17)
    if finished + retention > now then break end
    over[#over + 1] = finished
    ids[#ids + 1] = one:sub(1, 16)
  end
  read_all(ids)
  if #ids > 0 then call('LPOP', P .. 'done', #ids) end
  for i, id in ipairs(ids) do
    local j = read(id)
    -- else it was run again since
    if j and (j.s[STATUS] == SUCCEEDED or j.s[STATUS] == CANCELLED) and j.s[FINISHED] == over[i] then
      erase(j, key_retention)
    end
  end
  local digests = call('ZRANGEBYSCORE', P .. 'ik', '-inf', now, 'LIMIT', 0, STEP)
  for _, digest in ipairs(digests) do
    call('ZREM', P .. 'ik', digest)
    local kept = call('HGET', key_bucket(digest), digest)
    if kept and #kept > 16 then call('HDEL', key_bucket(digest), digest) end
  end
  if #ids == STEP or #digests == STEP then more = 1 end
end

settle_jobs()
wake_for_ready()
local next = call('ZRANGE', P .. 'd', 0, 0, 'WITHSCORES')
return {now, changes, next[2] and math.floor(tonumber(next[2])) or -1, revoked, more}
