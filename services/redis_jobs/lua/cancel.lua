-- ARGV: prefix, id. → {outcome as enum cancelled, changes, consumer, token}, or nothing when there is no such job
local DONE, REQUESTED, ALREADY, FINISHED_BEFORE = 0, 1, 2, 3
local j = read(ARGV[2])
if not j then return nil end
local s = j.s
if s[STATUS] == CANCELLED then return {ALREADY, changes, '', '0'} end
if s[STATUS] == SUCCEEDED or s[STATUS] == DEAD then return {FINISHED_BEFORE, changes, '', '0'} end
if s[STATUS] == RUNNING then
  s[CANCEL] = 1
  write(j)
  settle_jobs()
  local token = string.format('%.0f', s[TOKEN])
  local box = P .. 'm:' .. s[WORKER]:match('^[^/]*')
  call('RPUSH', box, 'c' .. j.id .. s[WORKER] .. ' ' .. token)
  call('PEXPIRE', box, 60000)
  return {REQUESTED, changes, s[WORKER], token}
end
leave(j)
finish_job(j, CANCELLED)
write(j)
note(j)
settle_jobs()
wake_for_ready()
return {DONE, changes, '', '0'}
