"""How gunicorn runs; the numbers that people choose come from the settings."""

from __future__ import annotations

accesslog = None  # the application writes its own line for each request
errorlog = "-"
loglevel = "warning"
graceful_timeout = 70  # longer than the longest wait for a job
keepalive = 75
timeout = 120
control_socket_disable = True
