-- A schedule's turn, once over all nodes. ARGV: prefix, name, what the caller read, what takes its place, next time
-- (ms, 0: none), most jobs, most queues; then jobs as in submit.lua. → {1, answers, changes}, or {0} when another
-- was first
if call('HGET', P .. 'sched', ARGV[2]) ~= ARGV[3] then return {0} end
call('HSET', P .. 'sched', ARGV[2], ARGV[4])
if ARGV[5] == '0' then call('ZREM', P .. 'schedz', ARGV[2]) else call('ZADD', P .. 'schedz', ARGV[5], ARGV[2]) end
local answers = {}
for at = 8, #ARGV, 5 do answers[#answers + 1] = submit(at, tonumber(ARGV[6]), tonumber(ARGV[7])) end
end_submissions()
wake_for_ready()
settle()
return {1, answers, changes}
