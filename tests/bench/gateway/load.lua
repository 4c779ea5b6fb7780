-- The load by wrk: one body over and over. BODY names the file that holds it, TOKEN goes with it.
local file = io.open(os.getenv("BODY"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
file:close()

function done(summary, latency, _)
  local failed = summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect
  print(string.format('{"requests": %d, "per_second": %f, "p50": %f, "p95": %f, "failed": %d}', summary.requests,
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, failed))
end
