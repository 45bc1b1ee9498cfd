-- ARGV: prefix; then names, or nothing for all. → for each {name, paused, since when the first waits or 0, counters}
local names = {unpack(ARGV, 2)}
if #names == 0 then names = call('HKEYS', P .. 'q') end
local out = {}
for _, name in ipairs(names) do
  local oldest = 0
  for prio = 0, 2 do
    local key = stream(name, prio)
    if tonumber(call('HGET', P .. 'ready', prio .. name) or 0) > 0 then
      local last = '0-0'
      for _, group in ipairs(call('XINFO', 'GROUPS', key)) do
        for i = 1, #group, 2 do
          if group[i] == 'last-delivered-id' then last = group[i + 1] end
        end
      end
      local first = call('XRANGE', key, '(' .. last, '+', 'COUNT', 1)[1]
      local since = first and tonumber(first[1]:match('^%d+')) or 0
      if since > 0 and (oldest == 0 or since < oldest) then oldest = since end
    end
  end
  out[#out + 1] = {name, call('HGET', P .. 'q', name), oldest, call('HGETALL', counters(name))}
end
return {now, out}
