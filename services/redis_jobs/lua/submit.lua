-- ARGV: prefix, most jobs, most queues, 1 when the caller will claim next itself; then for each job: id, digest of
-- its idempotency key, its fixed half from the priority on, queue, priority, key, unique policy and value, run at
-- (ms), id as text. → {answers, changes}
local max_jobs, max_queues = tonumber(ARGV[2]), tonumber(ARGV[3])
local answers = {}
for at = 5, #ARGV, 10 do answers[#answers + 1] = submit(at, max_jobs, max_queues) end
if ARGV[4] ~= '1' then wake_for_ready() end
settle()
return {answers, changes}
