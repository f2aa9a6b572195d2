"""How gunicorn runs; the numbers that people choose come from the settings."""

from __future__ import annotations

import gc

GARBAGE = 10_000  # new objects, not 700: a request leaves hardly a cycle behind

accesslog = None  # the application writes its own line for each request
errorlog = "-"
loglevel = "warning"
graceful_timeout = 70  # longer than the longest wait for a job
keepalive = 75
timeout = 120
control_socket_disable = True


def post_worker_init(_: object) -> None:
    """Set aside what lives as long as the process: the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
