"""Every request has an id and leaves one line in the log; no answer is to be guessed at.

All that is done around Flask, not in it: so nothing that answers goes without, and it costs less.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask

from controllers import counts
from controllers.counts import Counts
from controllers.statics import STATIC
from services import logs

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    Raised = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

log = structlog.get_logger("grove.requests")
NO_SNIFFING = ("X-Content-Type-Options", "nosniff")


def register(app: Flask) -> None:
    """Number the requests of `app`, and log and count each when its answer is made."""
    app.wsgi_app = RequestLog(app.wsgi_app, counts.of(app))  # type: ignore[method-assign]


def request_id() -> str:
    """The id of this request, 32 hexadecimal digits; one that a client sends is ignored."""
    return logs.request_id.get() or ""


class RequestLog:
    """WSGI around an application (PEP 3333)."""

    def __init__(self, app: WSGIApplication, counted: Counts) -> None:
        self._app, self._counts = app, counted
        self._log = log.bind()  # as it is configured now: to find that out again takes 2 us

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, with the id in a header."""
        number, started = os.urandom(16).hex(), time.perf_counter()
        logs.request_id.set(number)

        def answer(
            status: str, headers: list[tuple[str, str]], raised: Raised | None = None, /
        ) -> Any:
            headers += (NO_SNIFFING, ("X-Request-ID", number))
            method, seconds = environ["REQUEST_METHOD"], time.perf_counter() - started
            self._counts.note(method, _route(environ), status[:3], seconds)
            self._log.info(
                "request",
                method=method,
                path=_path(environ),
                status=int(status[:3]),
                duration_ms=round(seconds * 1000, 2),
            )
            return start_response(status, headers, raised)

        return self._app(environ, answer)


def _route(environ: WSGIEnvironment) -> str | None:
    """The rule by which Flask has found the view, if it has found one; or that of static files."""
    if STATIC in environ:
        return "/static/"
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return rule.rule if rule is not None else None


def _path(environ: WSGIEnvironment) -> str:
    """The path as text, which WSGI gives as bytes that are dressed up as Latin-1."""
    path: str = environ["PATH_INFO"]
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")
