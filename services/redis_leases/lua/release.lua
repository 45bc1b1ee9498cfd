-- ARGV: prefix, TTL, node, incarnation; then for each lease: name, epoch. → 1
for at = 5, #ARGV, 2 do
  local r = read(ARGV[at])
  if r and r[EPOCH] == tonumber(ARGV[at + 1]) and is_of(r, ARGV[3], ARGV[4]) then
    write(ARGV[at], {'', '0', r[EPOCH], 0, ''})
  end
end
return 1
