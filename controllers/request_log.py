"""Every request has an id and leaves one line in the log."""

from __future__ import annotations

import time
import uuid

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger("grove.requests")


def register(app: Flask) -> None:
    """Number the requests of `app`, and log each when its answer is made."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """The id of this request, 32 hexadecimal digits; one that a client sends is ignored."""
    if "request_id" not in g:
        g.request_id = uuid.uuid4().hex
    return str(g.request_id)


def _begin() -> None:
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _end(response: Response) -> Response:
    number, now = request_id(), time.perf_counter()
    response.headers["X-Request-ID"] = number
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        duration_ms=round((now - g.get("started", now)) * 1000, 2),
        request_id=number,
    )
    return response
