-- wrk: POST /jobs with a fresh idempotency key in every request
local n, threads = 0, 0
function setup(thread) threads = threads + 1; thread:set("number", threads) end
function init() math.randomseed(os.time() + number); run = math.random(1, 2 ^ 30) end
function request()
  n = n + 1
  local body = string.format('{"type":"diag.echo","idempotencyKey":"k%d-%d-%d","payload":{"guild":"81384788765712384","user":"175928847299117063","playlist":"37i9dQZF1DXcBWIGoYBM5M","market":"GB","opts":{"dedupe":true,"limit":100}}}', number, run, n)
  return wrk.format("POST", "/jobs", { ["Content-Type"] = "application/json" }, body)
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"rate":%.1f,"requests":%d,"p50_us":%d,"p99_us":%d,"refused":%d,"broken":%d}\n',
    summary.requests / (summary.duration / 1e6), summary.requests, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
