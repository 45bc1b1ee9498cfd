-- Claims of a worker that has ended. ARGV: prefix, consumer, 1 when it died, most deaths. → changes
local consumer = ARGV[2]
for _, id in ipairs(call('ZRANGEBYLEX', P .. 'run', '-', '+')) do
  local j = read(id)
  if j and j.s[STATUS] == RUNNING and j.s[WORKER] == consumer then lose(j, ARGV[3] == '1', tonumber(ARGV[4])) end
end
settle_jobs()
for _, queue in ipairs(call('HKEYS', P .. 'q')) do forget_consumer(queue, consumer) end
wake_for_ready()
return changes
