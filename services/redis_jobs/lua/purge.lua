-- Cancels jobs of a queue that wait and came until a time, a step of it. ARGV: prefix, queue, until (ms; 0: now),
-- phase, cursor. → {until, phase or -1 at the end, cursor, cancelled, changes}
-- Phases 0 to 2: the streams; 3: jobs that wait for their time; 4: those that wait in line behind a running one.
local STEP = 500
local queue, phase, cursor = ARGV[2], tonumber(ARGV[4]), ARGV[5]
local until_ms = tonumber(ARGV[3])
if until_ms == 0 then until_ms = now end
local count = 0
local function purge(j)
  leave(j)
  j.s[ERROR], j.s[WORDS] = 'purged', 'its queue was purged'
  finish_job(j, CANCELLED)
  write(j)
  note(j)
  count = count + 1
end
local function next_phase() phase, cursor = phase + 1, '' end

if call('HEXISTS', P .. 'q', queue) == 0 then return {until_ms, -1, '', 0, changes} end
if phase <= 2 then
  local from = cursor == '' and '-' or '(' .. cursor
  local entries = call('XRANGE', stream(queue, phase), from, '+', 'COUNT', STEP)
  for _, e in ipairs(entries) do
    local j = read(e[2][2])
    cursor = e[1]
    if j and j.s[STATUS] == QUEUED and j.s[ENTRY] == e[1] and j.created <= until_ms then purge(j) end
  end
  if #entries == 0 then next_phase() end -- cancelling may have put jobs behind the last one read
elseif phase == 3 then
  local at = tonumber(cursor == '' and 0 or cursor)
  local ids = call('ZRANGE', P .. 'd', at, at + STEP - 1)
  local before = count
  for _, id in ipairs(ids) do
    local j = read(id)
    if j and j.queue == queue and j.created <= until_ms then purge(j) end
  end
  cursor = string.format('%.0f', at + #ids - (count - before))
  if #ids < STEP then next_phase() end
else
  for _, key in ipairs(call('HKEYS', P .. 'l:' .. queue)) do
    for _, id in ipairs(call('LRANGE', P .. 'w:' .. queue .. ':' .. key, 0, STEP)) do
      local j = read(id)
      if j and j.s[STATUS] == QUEUED and j.s[ENTRY] == '' and j.created <= until_ms then purge(j) end
    end
  end
  if count == 0 then phase = -1 end
end
settle_jobs()
return {until_ms, phase, cursor, count, changes}
