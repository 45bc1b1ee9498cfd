-- ARGV: prefix; then for each report: id, token, progress.
for at = 2, #ARGV, 3 do
  local j = read(ARGV[at])
  if j and j.s[STATUS] == RUNNING and j.s[TOKEN] == tonumber(ARGV[at + 1]) then
    j.s[PROGRESS] = ARGV[at + 2]
    write(j)
  end
end
settle_jobs()
return 0
