-- One request, again and again: wrk ... -s request.lua URL -- METHOD TOKEN BODY [COUNT]
-- TOKEN and BODY may be empty. With COUNT each request adds a random number from 1 to COUNT to the path.
-- Ends with two lines for clients.py: requests, microseconds, refused, broken connections; then the latencies in microseconds: median,
-- 99th percentile, maximum.

function init(arguments)
  wrk.method = arguments[1]
  if arguments[4] then
    math.randomseed(os.time())
    local prefix, count = wrk.path, tonumber(arguments[4])
    request = function() return wrk.format(nil, prefix .. math.random(count)) end
  end
  if arguments[2] ~= "" then
    wrk.headers["Authorization"] = "Bearer " .. arguments[2]
  end
  if arguments[3] ~= "" then
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = arguments[3]
  end
end

function done(summary, latency)
  local broken = summary.errors
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, summary.duration, broken.status,
    broken.connect + broken.read + broken.write + broken.timeout))
  io.write(string.format("LATENCY %d %d %d\n", latency:percentile(50), latency:percentile(99), latency.max))
end
