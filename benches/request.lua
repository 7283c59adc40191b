-- One request, again and again: wrk ... -s request.lua URL -- METHOD TOKEN BODY
-- TOKEN and BODY may be empty. Ends with one line for load.py: requests, microseconds, refused, broken connections.

function init(arguments)
  wrk.method = arguments[1]
  if arguments[2] ~= "" then
    wrk.headers["Authorization"] = "Bearer " .. arguments[2]
  end
  if arguments[3] ~= "" then
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = arguments[3]
  end
end

function done(summary)
  local broken = summary.errors
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, summary.duration, broken.status,
    broken.connect + broken.read + broken.write + broken.timeout))
end
