-- Queues that are always there, pausing. ARGV: prefix, most queues (0: no bound), 1 to pause, 0 to resume, '' for
-- neither; then names. → 1, or 0 when there are too many
for at = 4, #ARGV do
  if not open_queue(ARGV[at], ARGV[2] ~= '0' and tonumber(ARGV[2]) or nil) then return 0 end
  if ARGV[3] ~= '' then call('HSET', P .. 'q', ARGV[at], ARGV[3]) end
end
if ARGV[3] == '0' then wake() end
return 1
