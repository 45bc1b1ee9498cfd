-- ARGV: prefix; then for each claim: id, token. → the numbers, from 0, of those that are lost
local lost, ids = {}, {}
for at = 2, #ARGV, 2 do ids[#ids + 1] = ARGV[at] end
read_all(ids)
for at = 2, #ARGV, 2 do
  local j = read(ARGV[at])
  if j and j.s[STATUS] == RUNNING and j.s[TOKEN] == tonumber(ARGV[at + 1]) then
    call('XCLAIM', stream(j.queue, j.prio), 'w', j.s[WORKER], 0, j.s[ENTRY], 'JUSTID')
  else
    lost[#lost + 1] = (at - 2) / 2
  end
end
return lost
