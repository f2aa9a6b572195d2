-- One POST, again and again; at the end one line of JSON, with every kind of failure.
function init(arguments)
  wrk.method = "POST"
  wrk.body = assert(io.open(arguments[1])):read("*a")
end

function done(summary, latency, requests)
  local failed = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "status": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
    summary.requests, summary.duration,
    failed.status, failed.connect, failed.read, failed.write, failed.timeout
  ))
end
