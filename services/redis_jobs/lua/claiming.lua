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


-- Up to `want` jobs for one worker. `limits`: queue → {concurrency, rate, burst}, 0 for no bound.
-- → {now, jobs, ms until a rate allows more or -1}, each job
-- {id, fixed half, attempt, attempts that count, token, runnable since}
local function claim(instance, consumer, node, want, ageing, turn, limits)
  local queues, by_name = {}, {}
  local ready = call('HGETALL', P .. 'ready')
  for at = 1, #ready, 2 do
    local prio, name = tonumber(ready[at]:sub(1, 1)), ready[at]:sub(2)
    local q = by_name[name]
    if not q then
      q = {name = name, ready = {}, heads = {}, room = want, tokens = nil}
      by_name[name] = q
      queues[#queues + 1] = q
    end
    q.ready[prio] = tonumber(ready[at + 1])
  end
  table.sort(queues, function(x, y) return x.name < y.name end)

  local wait = -1
  local function open(q)
    if call('HGET', P .. 'q', q.name) == '1' then q.room = 0; return end
    local limit = limits[q.name]
    if not limit then return end
    local key = counters(q.name)
    if limit[1] > 0 then q.room = math.min(q.room, limit[1] - tonumber(call('HGET', key, 'run') or 0)) end
    if limit[2] > 0 then
      local kept = call('HMGET', key, 'tokens', 'refilled')
      local tokens, at = tonumber(kept[1] or limit[3]), tonumber(kept[2] or now)
      if now > at then tokens = math.min(math.max(limit[3], 1), tokens + (now - at) * limit[2] / 1000) end
      q.tokens, q.rate = tokens, limit[2]
      q.room = math.min(q.room, math.floor(tokens))
      if q.room <= 0 and (limit[1] == 0 or limit[1] > tonumber(call('HGET', key, 'run') or 0)) then
        local more = math.ceil((1 - tokens) * 1000 / limit[2])
        if wait < 0 or more < wait then wait = more end
      end
    end
  end

  local function head(q, prio)
    if not q.heads[prio] then q.heads[prio] = waits_since(q.name, prio) or now end
    return q.heads[prio]
  end
  -- The level whose first job comes next, and how many of it may be taken at once.
  local function next_level(q)
    local only, count = nil, 0
    for prio = 0, 2 do
      if (q.ready[prio] or 0) > 0 then only, count = prio, count + 1 end
    end
    if count < 2 then return only, q.room end
    local best, best_rank
    for prio = 0, 2 do
      if (q.ready[prio] or 0) > 0 then
        local rank = head(q, prio) + prio * ageing -- a lower level counts as if it had come later
        if not best or rank < best_rank then best, best_rank = prio, rank end
      end
    end
    return best, 1
  end

  local jobs = {}
  local function hand_out(q, prio, entry, id)
    local key = stream(q.name, prio)
    local b = bucket(id)
    local spec = call('HGET', P .. 'j:' .. b, id)
    local packed = spec and call('HGET', P .. 't:' .. b, id)
    local s = packed and cmsgpack.unpack(packed)
              or {QUEUED, 0, 0, 0, 0, tonumber(entry:match('^%d+')), 0, 0, '', '', entry, 0, '', '', '', '', {}}
    if not spec or s[STATUS] ~= QUEUED or s[ENTRY] ~= entry then -- of a job that has gone: a host lost its tail
      call('XACK', key, 'w', entry)
      call('XDEL', key, entry)
      return
    end
    s[STATUS] = RUNNING
    s[ATTEMPT] = s[ATTEMPT] + 1
    s[SPENT] = s[SPENT] + 1
    s[TOKEN] = math.max(s[TOKEN] + 1, now_us)
    s[STARTED] = now
    s[NODE] = node
    s[WORKER] = consumer
    call('HSET', P .. 't:' .. b, id, cmsgpack.pack(s))
    call('ZADD', P .. 'run', 0, id)
    local key = counters(q.name)
    bump(key, prio .. QUEUED, -1)
    bump(key, prio .. RUNNING, 1)
    bump(key, 'run', 1)
    jobs[#jobs + 1] = {id, spec, s[ATTEMPT], s[SPENT], string.format('%.0f', s[TOKEN]), s[DUE]}
  end
  local function take(q, most)
    local prio, at_once = next_level(q)
    if not prio then return 0 end
    most = math.min(most, at_once, q.room)
    local read = call('XREADGROUP', 'GROUP', 'w', consumer, 'COUNT', most, 'STREAMS', stream(q.name, prio), '>')
    local entries = read and read[1] and read[1][2] or {}
    q.heads[prio] = nil
    local before = #jobs
    for _, e in ipairs(entries) do hand_out(q, prio, e[1], e[2][2]) end
    -- What is not there is not ready, whatever the counter said.
    local gone = #entries < most and q.ready[prio] or #entries
    q.ready[prio] = q.ready[prio] - gone
    bump(P .. 'ready', prio .. q.name, -gone)
    q.room = q.room - (#jobs - before)
    if q.tokens then q.tokens = q.tokens - (#jobs - before) end
    return #entries
  end

  for _, q in ipairs(queues) do open(q) end
  local idle, at = 0, turn
  while #jobs < want and idle < #queues do
    at = at % #queues + 1
    local q = queues[at]
    local some = q.room > 0 and take(q, #queues == 1 and want - #jobs or 1) or 0
    idle = some > 0 and 0 or idle + 1
  end
  local left = false
  for _, q in ipairs(queues) do
    if q.tokens then
      call('HSET', counters(q.name), 'tokens', string.format('%.6f', q.tokens), 'refilled', now)
      if q.tokens < 1 and q.room <= 0 then
        local more = math.ceil((1 - q.tokens) * 1000 / q.rate)
        if next_level(q) and (wait < 0 or more < wait) then wait = more end
      end
    end
    left = left or (q.room > 0 and next_level(q) ~= nil)
  end
  settle()
  if #jobs < want then
    call('SADD', P .. 'idle', instance)
  elseif left then
    wake()
  end
  return {now, jobs, wait}
end

-- The claims of a call, from ARGV[at] on: how many, and unless there is none: instance, ageing (ms), number of the
-- turn, how many queues have limits, and of each its name and limits; then for each claim consumer, node, most jobs.
-- → their answers, and where other words begin
local function claim_all(at)
  local claims, answers = tonumber(ARGV[at]), {}
  if claims == 0 then return answers, at + 1 end
  local instance, ageing, turn = ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local limits = {}
  local last = at + 4 + 4 * tonumber(ARGV[at + 4])
  for i = at + 5, last, 4 do
    limits[ARGV[i]] = {tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])}
  end
  for i = last + 1, last + 3 * claims, 3 do
    answers[#answers + 1] = claim(instance, ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ageing, turn + #answers, limits)
  end
  return answers, last + 3 * claims + 1
end
