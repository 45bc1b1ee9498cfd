-- ARGV: prefix, id, retention of keys (ms). → 0 done, 1 not found, 2 conflict
local j = read(ARGV[2])
if not j then return 1 end
if j.s[STATUS] ~= DEAD then return 2 end
erase(j, tonumber(ARGV[3]))
settle_jobs()
return 0
