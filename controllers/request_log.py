"""Every request has an id and leaves one line in the log."""

from __future__ import annotations

import time
import uuid
from typing import Any

import structlog
from flask import Flask, Response, request

ABOUT = "grove.request"

log = structlog.get_logger("grove.requests")


def register(app: Flask) -> None:
    """Number the requests of `app`, and log each when its answer is made."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """The id of this request, 32 hexadecimal digits; one that a client sends is ignored."""
    return _about(request.environ)[0]


def _begin() -> None:
    number, _ = _about(request.environ)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=number)


def _end(response: Response) -> Response:
    environ = request.environ
    number, started = _about(environ)
    response.headers["X-Request-ID"] = number
    log.info(
        "request",
        method=environ["REQUEST_METHOD"],
        path=request.path,
        status=response.status_code,
        duration_ms=round((time.perf_counter() - started) * 1000, 2),
        request_id=number,
    )
    return response


def _about(environ: dict[str, Any]) -> tuple[str, float]:
    """The id of a request and when it began, made when first asked for."""
    about: tuple[str, float] | None = environ.get(ABOUT)
    if about is None:
        about = environ[ABOUT] = uuid.uuid4().hex, time.perf_counter()
    return about
