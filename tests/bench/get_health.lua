-- wrk: GET /health
function request() return wrk.format("GET", "/health") end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"rate":%.1f,"requests":%d,"p50_us":%d,"p99_us":%d,"refused":%d,"broken":%d}\n',
    summary.requests / (summary.duration / 1e6), summary.requests, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
