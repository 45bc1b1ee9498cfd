-- Jobs and their states.
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

local function note(j, ran)
  local s = j.s
  changes[#changes + 1] = {j.id, s[STATUS], s[ATTEMPT], j.type, j.queue, s[NODE], s[ERROR], ran or -1, j.trace}
end

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
