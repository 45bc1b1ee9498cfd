-- ARGV: prefix, TTL, node, incarnation; then for each claim: name, held, seen, value.
-- → for each {outcome, epoch, node, incarnation, µs left}
local GRANTED, TAKEN, RESERVED = 0, 1, 2
local node, incarnation = ARGV[3], ARGV[4]
local sitting, former = windows()
local answers = {}
for at = 5, #ARGV, 4 do
  local name, held, seen, value = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
  local r = read(name) or {'', '0', 0, 0, ''}
  if r[UNTIL] > now + TTL then -- the clock has gone back
    r[UNTIL] = now + TTL
    write(name, r)
  end
  local live = r[UNTIL] > now
  local outcome, left = GRANTED, TTL
  if live and not is_of(r, node, incarnation) then
    outcome, left = TAKEN, math.max(r[UNTIL], sitting) - now
  elseif now < sitting then
    outcome, left = RESERVED, sitting - now
  elseif not live and now < former and r[NODE] ~= '' and r[NODE] ~= node and (held == 0 or held < r[EPOCH]) then
    outcome, left = RESERVED, former - now
  end
  if outcome == GRANTED then
    r = {node, incarnation, math.max(r[EPOCH], held, seen, now) + 1, now + TTL, value}
    write(name, r)
  end
  answers[#answers + 1] = {outcome, r[EPOCH], r[NODE], r[INCARNATION], left}
end
return answers
