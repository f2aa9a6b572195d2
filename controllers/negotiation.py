"""What the client accepts, and the headers that keep a browser from framing what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request
from werkzeug.datastructures import MIMEAccept

from models.errors import NotAcceptable

View = TypeVar("View", bound=Callable[..., Any])
JSON = ("application/json", "application/problem+json")
ANY = ("*/*",)
# What a browser might show. Of JSON it shows nothing but text, as long as it does not guess.
SHOWN = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none, browsers send forms with Origin: null
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def register(app: Flask) -> None:
    """Refuse what could not be answered in a format that the client takes."""
    app.before_request(_check_accept)
    app.after_request(_harden)


def produces(*kinds: str) -> Callable[[View], View]:
    """Declare the media types that a route answers with, where they are not JSON alone."""

    def decorate(view: View) -> View:
        view.produces = kinds  # type: ignore[attr-defined]
        return view

    return decorate


def takes_anything() -> bool:
    """Whether the client says nothing of what it takes, as most do."""
    return request.environ.get("HTTP_ACCEPT", ANY[0]) in ("", *ANY)


def accepts(kind: str) -> bool:
    """Whether the client takes the media type; parameters beside q are not looked at."""
    given = [(item.split(";")[0].strip(), q) for item, q in request.accept_mimetypes]
    return not given or MIMEAccept(given).quality(kind) > 0


def require_accepted(*kinds: str) -> None:
    """Raise NotAcceptable unless the client takes one of the media types."""
    if not takes_anything() and not any(map(accepts, kinds)):
        raise NotAcceptable(f"the answer is {' or '.join(kinds)}, which Accept does not allow")


def _check_accept() -> None:
    if takes_anything() or request.method == "OPTIONS":
        return
    if request.endpoint is not None:
        require_accepted(*_produced(request.endpoint))


def _produced(endpoint: str) -> tuple[str, ...]:
    """What the view, or the method of its class, declares."""
    if endpoint.rpartition(".")[2] == "static":
        return ANY
    view = current_app.view_functions[endpoint]
    method = "get" if request.method == "HEAD" else request.method.lower()
    method_view = getattr(getattr(view, "view_class", None), method, view)
    kinds: tuple[str, ...] = getattr(method_view, "produces", JSON)
    return kinds


def _harden(response: Response) -> Response:
    if response.mimetype not in JSON:
        for name, value in SHOWN.items():
            response.headers.setdefault(name, value)
    return response
