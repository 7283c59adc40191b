-- The requests of a client of an authorization server, for provider.py: wrk ... -s provider.lua URL -- MODE PATH AUTHORIZATION BODY [...]
--
--   same      the same request again and again: with BODY by POST, without by GET
--   refresh   BODY and one of the refresh tokens in the file that follows; the new one of the answer takes its place
--   flow      a code and its tokens: first the path and the cookie that follow, then PATH with BODY and the code
--
-- Ends with a line for clients.py: how often it was done, microseconds, refused, broken connections.
local mode, path, headers, body
local queue, begin = {}, nil
local threads = {}
flows = 0

local function escape(text)
  return (text:gsub("[^%w%-._~]", function(byte) return string.format("%%%02X", byte:byte()) end))
end

local function post(more)
  return wrk.format("POST", path, headers, body .. more)
end

local function take()
  return table.remove(queue, 1)
end

local requests = {}

function requests.refresh()
  local token = take()
  -- Not found, which counts as refused: there are more tokens than connections, so they were lost.
  if not token then return wrk.format("GET", "/no-token-is-left") end
  return post("&refresh_token=" .. escape(token))
end

function requests.flow()
  local code = take()
  return code and post("&code=" .. escape(code)) or begin
end

local responses = {}

function responses.refresh(status, _, answer)
  if status == 200 then table.insert(queue, answer:match('"refresh_token":%s*"([^"]+)"')) end
end

function responses.flow(status, received)
  if status == 200 then flows = flows + 1 end
  for name, value in pairs(received) do
    local code = name:lower() == "location" and value:match("[?&]code=([^&]+)")
    if code then table.insert(queue, code) end
  end
end

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  mode, path, body = arguments[1], arguments[2], arguments[4]
  headers = {}
  if arguments[3] ~= "" then headers["Authorization"] = arguments[3] end
  if body ~= "" then headers["Content-Type"] = "application/x-www-form-urlencoded" end
  if mode == "same" then
    local fixed = wrk.format(body ~= "" and "POST" or "GET", path, headers, body ~= "" and body or nil)
    request = function() return fixed end
    return
  end
  if mode == "refresh" then
    for token in io.lines(arguments[5]) do table.insert(queue, token) end
  else
    begin = wrk.format("GET", arguments[5], { Cookie = arguments[6] })
  end
  request, response = requests[mode], responses[mode]
end

function done(summary)
  local broken, count = summary.errors, summary.requests
  if threads[1]:get("flows") > 0 then
    count = 0
    for _, thread in ipairs(threads) do count = count + thread:get("flows") end
  end
  io.write(string.format("RESULT %d %d %d %d\n", count, summary.duration, broken.status,
    broken.connect + broken.read + broken.write + broken.timeout))
end
