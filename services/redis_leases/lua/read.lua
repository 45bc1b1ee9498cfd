-- ARGV: prefix, TTL; then names. → their views
local answers = {}
for at = 3, #ARGV do answers[#answers + 1] = view(ARGV[at], read(ARGV[at])) end
return answers
