"""The application's class: Flask, without what this service has no use for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response
from flask.sessions import NullSession, SessionInterface


class NoSessions(SessionInterface):
    """Cookies carry nothing here: one session, empty and read-only, does for all requests."""

    EMPTY = NullSession()

    def open_session(self, *_: Any) -> NullSession:
        """The empty session."""
        return self.EMPTY


class Service(Flask):
    """Flask, for views that are plain functions and hooks that are the whole application's."""

    session_interface = NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: Flask asks of each function, at each call, whether it is async."""
        return func

    def preprocess_request(self) -> Any:
        """Call the hooks before a view; blueprints have none of their own."""
        for before in self.before_request_funcs[None]:
            answer: Any = before()
            if answer is not None:
                return answer
        return None

    def process_response(self, response: Response) -> Response:
        """Call the hooks after a view, the last one first."""
        for after in reversed(self.after_request_funcs[None]):
            response = after(response)
        return response
