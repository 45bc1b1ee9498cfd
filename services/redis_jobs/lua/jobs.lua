-- Jobs and their states. A script reads a job once; settle_jobs() makes the writes, before settle().
local function parse(id, spec)
  local created, _, _, prio, unique, max = struct.unpack('>I8I8I4BBI2', spec)
  local q, t, k = struct.unpack('>BBI2', spec, 45)
  return {id = id, spec = spec, created = created, prio = prio, unique = unique, max = max,
          queue = spec:sub(53, 52 + q), key = k > 0 and spec:sub(53 + q + t, 52 + q + t + k) or ''}
end
-- What few need to know of a job.
local function details(j)
  if j.type then return j end
  local spec = j.spec
  local q, t, k, i, u, w = struct.unpack('>BBI2I2BB', spec, 45)
  local at = 53 + q
  local function text(size) at = at + size; return spec:sub(at - size, at - 1) end
  j.type = text(t)
  at = at + k
  j.idempotency_key = text(i)
  j.value = text(u)
  j.trace = text(w)
  j.body = spec:sub(29, 44)
  return j
end
local function first_state(j) -- as it was submitted
  local ms, seq = struct.unpack('>I8I4', j.spec, 9)
  local entry = ms > 0 and string.format('%.0f-%.0f', ms, seq) or ''
  return {QUEUED, 0, 0, 0, 0, j.created, 0, 0, '', '', entry, 0, '', '', '', '', {}}
end
local known = {} -- false: there is none
local function read_all(ids)
  local missing = {}
  for _, id in ipairs(ids) do
    if known[id] == nil then
      missing[#missing + 1] = id
      known[id] = false
    end
  end
  local specs, states = values_of('j:', missing), values_of('t:', missing)
  for i, id in ipairs(missing) do
    if specs[i] then
      local j = parse(id, specs[i])
      j.s = states[i] and cmsgpack.unpack(states[i]) or first_state(j)
      known[id] = j
    end
  end
end
local function read(id)
  if known[id] == nil then read_all({id}) end
  return known[id] or nil
end
local written = {}
local function write(j) written[j.id] = j end
local ended = {} -- stream → entries
local function settle_jobs()
  for id, j in pairs(written) do put('HSET', P .. 't:' .. bucket(id), id, cmsgpack.pack(j.s)) end
  written = {}
  for key, entries in pairs(ended) do
    for from = 1, #entries, MOST_WORDS do
      call('XACK', key, 'w', unpack(entries, from, math.min(#entries, from + MOST_WORDS - 1)))
    end
    -- An entry is looked for among a hundred, so those before the oldest delivered one go together.
    local oldest = call('XPENDING', key, 'w')[2]
    if not oldest then
      local ms, seq = last_delivered(key):match('^(%d+)-(%d+)$')
      oldest = ms .. '-' .. string.format('%.0f', seq + 1)
    end
    if call('XTRIM', key, 'MINID', oldest) < #entries then
      for _, entry in ipairs(entries) do call('XDEL', key, entry) end
    end
  end
  ended = {}
  settle()
end

local function note(j, ran)
  local s = details(j).s
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
  local key = stream(j.queue, j.prio)
  local entries = ended[key]
  if not entries then entries = {}; ended[key] = entries end
  entries[#entries + 1] = s[ENTRY]
  s[ENTRY] = ''
  put('ZREM', P .. 'run', j.id)
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
    put('RPUSH', P .. 'done', j.id .. struct.pack('>I8', now))
  end
  if j.unique > 0 then
    local field = details(j).type .. '\0' .. j.value
    if call('HGET', P .. 'u', field) == j.id then call('HDEL', P .. 'u', field) end
  end
  release_key(j)
end
-- As key_digest() in codec.cpp.
local function digest_of(idempotency_key)
  local bytes = redis.sha1hex(idempotency_key):sub(1, 32):gsub('..', function(hex)
    return string.char(tonumber(hex, 16))
  end)
  local second = bytes:byte(2)
  return bytes:sub(1, 1) .. string.char(second - second % 4) .. bytes:sub(3)
end
-- The job goes; its idempotency key stays known.
local function erase(j, key_retention)
  local b = bucket(j.id)
  known[j.id] = false
  written[j.id] = nil
  call('HDEL', P .. 'j:' .. b, j.id)
  call('HDEL', P .. 't:' .. b, j.id)
  if call('EXISTS', P .. 'j:' .. b) == 0 then call('ZREM', P .. 'b', b) end
  bump(counters(j.queue), j.prio .. j.s[STATUS], -1)
  if j.s[STATUS] == DEAD then
    call('ZREM', P .. 'dead', j.id)
    bump(P .. 'c', 'live', -1)
  end
  if details(j).idempotency_key == '' then return end
  local digest = digest_of(j.idempotency_key)
  local keys = key_bucket(digest)
  if call('HGET', keys, digest) ~= j.id then return end
  local expires = math.max(now, j.s[FINISHED] + key_retention)
  call('HSET', keys, digest, j.id .. j.body .. string.char(j.s[STATUS]))
  call('ZADD', P .. 'ik', expires, digest)
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
