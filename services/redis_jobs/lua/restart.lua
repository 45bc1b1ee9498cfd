-- Runs dead or cancelled jobs again. ARGV: prefix, 1 for dead ones only; then ids.
-- → {answers, changes}, each answer 0 done, 1 not found, 2 conflict, 3 not unique
local answers = {}
local function restart(id)
  local j = read(id)
  if not j then return 1 end
  local s = j.s
  if s[STATUS] ~= DEAD and (ARGV[2] == '1' or s[STATUS] ~= CANCELLED) then return 2 end
  if j.unique > 0 and call('HSETNX', P .. 'u', details(j).type .. '\0' .. j.value, j.id) == 0 then return 3 end
  if s[STATUS] == CANCELLED then bump(P .. 'c', 'live', 1) end
  s[SPENT], s[DEATHS], s[CANCEL], s[FINISHED] = 0, 0, 0, 0
  make_ready(j)
  write(j)
  note(j)
  return 0
end
for at = 3, #ARGV do answers[#answers + 1] = restart(ARGV[at]) end
settle_jobs()
wake_for_ready()
return {answers, changes}
