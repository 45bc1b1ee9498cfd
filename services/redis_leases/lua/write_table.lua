-- ARGV: prefix, TTL, name of the coordinator's lease, its epoch, version that was read, content. → version, 0: conflict
local epoch = tonumber(ARGV[4])
local sitting = windows()
local r = read(ARGV[3])
-- After a restart a lease counts once it has been renewed: the record may be an old one.
if not r or r[EPOCH] ~= epoch or r[UNTIL] <= now or (now < sitting and r[UNTIL] < sitting) then return 0 end
local known = call('HMGET', TABLE, 'version', 'epoch')
local version = tonumber(known[1] or 0)
if version ~= tonumber(ARGV[5]) or tonumber(known[2] or 0) > epoch then return 0 end
version = math.max(version, now) + 1
call('HSET', TABLE, 'version', text(version), 'epoch', text(epoch), 'content', ARGV[6])
return version
