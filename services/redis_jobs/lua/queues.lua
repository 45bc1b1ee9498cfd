-- ARGV: prefix; then names, or nothing for all. → for each {name, paused, since when the first waits or 0, counters}
local names = {unpack(ARGV, 2)}
if #names == 0 then names = call('HKEYS', P .. 'q') end
local out = {}
for _, name in ipairs(names) do
  local oldest = 0
  for prio = 0, 2 do
    if tonumber(call('HGET', P .. 'ready', prio .. name) or 0) > 0 then
      local since = waits_since(name, prio)
      if since and (oldest == 0 or since < oldest) then oldest = since end
    end
  end
  out[#out + 1] = {name, call('HGET', P .. 'q', name), oldest, call('HGETALL', counters(name))}
end
return {now, out}
