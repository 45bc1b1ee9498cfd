-- ARGV: prefix, TTL, prefix of the names, name to begin behind ('': none), how many. → {1 if there are more, views}
local first, after, most = ARGV[3], ARGV[4], tonumber(ARGV[5])
local from = after < first and '[' .. first or '(' .. after
local names = call('ZRANGEBYLEX', NAMES, from, '(' .. first .. '\255', 'LIMIT', 0, most + 1)
local answers = {}
for at = 1, math.min(#names, most) do answers[at] = view(names[at], read(names[at])) end
return {#names > most and 1 or 0, answers}
