-- What all scripts share. ARGV[1]: the prefix of all keys, ARGV[2]: the TTL (µs). The rules: runtime/cluster/leases/
-- store.hpp. Epochs and times are below 2^53, so a double holds them.
local call = redis.call
local P, TTL = ARGV[1], tonumber(ARGV[2])
-- Name to record; all names, sorted; server_run, sitting, former, last (see windows()); version, epoch, content.
local RECORDS, NAMES, CLOCK, TABLE = P .. 'lease:records', P .. 'lease:names', P .. 'lease:clock', P .. 'lease:table'
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]

-- A record is an array of these, packed by MessagePack. An empty node: released.
local NODE, INCARNATION, EPOCH, UNTIL, VALUE = 1, 2, 3, 4, 5

local function text(number) return string.format('%.0f', number) end
local function read(name)
  local packed = call('HGET', RECORDS, name)
  return packed and cmsgpack.unpack(packed)
end
local function write(name, r)
  if call('HSET', RECORDS, name, cmsgpack.pack(r)) == 1 then call('ZADD', NAMES, 0, name) end
end
local function is_of(r, node, incarnation) return r[NODE] == node and r[INCARNATION] == incarnation end
-- {name, node, incarnation, epoch, µs left, value}
local function view(name, r)
  if not r then return {name, '', '0', 0, 0, ''} end
  return {name, r[NODE], r[INCARNATION], r[EPOCH], math.max(r[UNTIL] - now, 0), r[VALUE]}
end

-- Until when only sitting owners may renew, and until when former owners come first.
local function windows()
  local run = call('INFO', 'server'):match('run_id:(%x+)')
  local known = call('HMGET', CLOCK, 'server_run', 'sitting', 'former', 'last')
  local sitting, former, last = tonumber(known[2] or 0), tonumber(known[3] or 0), tonumber(known[4] or 0)
  if known[1] ~= run then
    sitting, former = now + TTL, now + 2 * TTL
  elseif now - last > TTL then
    former = math.max(former, now + TTL)
  end
  sitting, former = math.min(sitting, now + TTL), math.min(former, now + 2 * TTL) -- the clock may have gone back
  call('HSET', CLOCK, 'server_run', run, 'sitting', text(sitting), 'former', text(former), 'last', text(now))
  return sitting, former
end
