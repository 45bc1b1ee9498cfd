-- ARGV: prefix, TTL, node, incarnation; then for each lease: name, epoch, value. → the numbers, from 0, of those lost
local node, incarnation = ARGV[3], ARGV[4]
local sitting = windows()
local lost = {}
for at = 5, #ARGV, 3 do
  local name, epoch = ARGV[at], tonumber(ARGV[at + 1])
  local r = read(name)
  -- A grant that the server has lost. While only sitting owners renew, an older record that seems live is stale.
  local forgotten = not r or (r[EPOCH] < epoch and (r[UNTIL] <= now or now < sitting))
  if forgotten or (r[EPOCH] == epoch and is_of(r, node, incarnation)) then
    write(name, {node, incarnation, epoch, now + TTL, ARGV[at + 2]})
  else
    lost[#lost + 1] = (at - 5) / 3
  end
end
return lost
