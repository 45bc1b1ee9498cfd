-- ARGV: prefix, TTL, known version. → {version, epoch, content}, or {version} when it is the known one
local version = tonumber(call('HGET', TABLE, 'version') or 0)
if version == tonumber(ARGV[3]) then return {version} end
local rest = call('HMGET', TABLE, 'epoch', 'content')
return {version, tonumber(rest[1] or 0), rest[2] or ''}
