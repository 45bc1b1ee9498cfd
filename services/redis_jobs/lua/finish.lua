-- ARGV: prefix, 1 when the caller claims now or soon, number of outcomes; then for each: id, token, kind (as
-- attempt_outcome::kind), result, kind and words of the error, retry in (ms); then claims.
-- → {answers, changes, answers to the claims}: -1 for a stale token, else the job's status + 8 × the attempt's ms
local SUCCEED, RETRY, DIE, SNOOZE, RELEASE, CANCEL_IT = 0, 1, 2, 3, 4, 5
local answers = {}
local function finish(at)
  local id, token, kind, result, fault, words, delay = unpack(ARGV, at, at + 6)
  kind = tonumber(kind)
  local j = read(id)
  if not j or j.s[STATUS] ~= RUNNING or j.s[TOKEN] ~= tonumber(token) then return -1 end
  local s = j.s
  local ran = math.max(0, now - s[STARTED])
  local cancel = s[CANCEL] == 1
  if kind == RETRY and (cancel or s[SPENT] >= j.max) then kind = cancel and CANCEL_IT or DIE end
  if (kind == SNOOZE or kind == RELEASE) and cancel then kind = CANCEL_IT end
  if kind == SUCCEED then
    end_attempt(j, 'succeeded')
    s[ERROR], s[WORDS], s[RESULT] = '', '', result
    finish_job(j, SUCCEEDED)
  elseif kind == SNOOZE or kind == RELEASE then
    end_attempt(j, kind == SNOOZE and 'snoozed' or 'released')
    s[SPENT] = s[SPENT] - 1
    wait_until(j, now + tonumber(delay), SCHEDULED)
  else
    end_attempt(j, kind == CANCEL_IT and 'cancelled' or 'failed', fault, words)
    s[ERROR], s[WORDS] = fault, words
    if kind == RETRY then
      wait_until(j, now + tonumber(delay), RETRYING)
    else
      finish_job(j, kind == CANCEL_IT and CANCELLED or DEAD)
    end
  end
  write(j)
  return s[STATUS] + 8 * ran
end
local last = 3 + 7 * tonumber(ARGV[3])
for at = 4, last, 7 do answers[#answers + 1] = finish(at) end
if ARGV[2] ~= '1' then wake_for_ready() end
settle()
return {answers, changes, (claim_all(last + 1))}
