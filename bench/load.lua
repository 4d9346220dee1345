-- The load of the scan benchmark: requests from a file, one a line (method, path, body), every answer looked at.
-- Arguments: the file, and a Lua pattern that each body must hold; an empty pattern asks for status 200 alone.
local threads = {}
function setup(thread) table.insert(threads, thread) end

local requests, at, pattern = {}, 0, nil
answers, wrong = 0, 0

function init(args)
  pattern = args[2] ~= "" and args[2] or nil
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%u+)\t([^\t]*)\t(.*)$")
    local headers = { Host = "t.sonla.vn", ["Content-Type"] = "application/json" }
    if method == "GET" then headers = { Host = "t.sonla.vn", Accept = "text/html", ["Accept-Encoding"] = "gzip" } end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function response(status, _, body)
  answers = answers + 1
  -- Whoever sends nothing but forged codes is soon told to wait: that is the right answer too.
  if status == 429 and pattern and pattern:find("forged") then return end
  if status ~= 200 or (pattern and not body:find(pattern)) then
    wrong = wrong + 1
    if wrong < 4 then io.stderr:write(status .. " " .. body:sub(1, 300) .. "\n") end
  end
end

function done(summary, latency, _)
  local all, bad = 0, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do
    all, bad = all + thread:get("answers"), bad + thread:get("wrong")
  end
  local found = '"per_s": %.3f, "answers": %d, "p50_ms": %.3f, "p95_ms": %.3f, "p99_ms": %.3f, "wrong": %d'
  print("RESULT {" .. found:format(all / summary.duration * 1e6, all, latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, bad) .. "}")
end
