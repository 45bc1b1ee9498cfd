-- ARGV: prefix, most jobs, most queues, 1 when the caller claims now or soon, number of jobs; then for each job: id,
-- digest of its idempotency key, its fixed half from the priority on, priority:queue, and its wishes: nothing, or run
-- at (ms, 8 bytes), unique policy (1), sizes (2 each) and bytes of key and unique value, and the id as text if it is
-- to replace one; then claims. → {answers, changes, answers to the claims}
local max_jobs, max_queues, last = tonumber(ARGV[2]), tonumber(ARGV[3]), 5 + 5 * tonumber(ARGV[5])
local answers = {}
for at = 6, last, 5 do answers[#answers + 1] = submit(at, max_jobs, max_queues) end
end_submissions()
if ARGV[4] ~= '1' then wake_for_ready() end
settle()
return {answers, changes, (claim_all(last + 1))}
