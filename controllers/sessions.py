"""Sessions: a signed cookie in the place of a key, for browsers.

It holds the hash of the key that it was given for, and ends with it.
"""

from __future__ import annotations

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from controllers.waiting import session
from services import keys

COOKIE = "grove"
SECONDS = 12 * 60 * 60
EXTENSION = "grove_sessions"


def begin(response: Response, digest: str) -> None:
    """Give the cookie to who has shown a key: no script reads it, no other site sends it."""
    value = _signer().dumps(digest)
    response.set_cookie(
        COOKIE, value, max_age=SECONDS, httponly=True, samesite="Strict", secure=_is_secure()
    )


def end(response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Strict", secure=_is_secure())


def digest_sent() -> str | None:
    """The hash of the key that a session began with; "" for a bad cookie, None for no cookie."""
    if "HTTP_COOKIE" not in request.environ or not (sent := request.cookies.get(COOKIE)):
        return None
    try:
        return str(_signer().loads(sent, max_age=SECONDS))
    except BadSignature:
        return ""


def _signer() -> URLSafeTimedSerializer:
    """Made once for each process: what it signs with is the same for all of them."""
    signer: URLSafeTimedSerializer | None = current_app.extensions.get(EXTENSION)
    if signer is None:
        signer = URLSafeTimedSerializer(keys.session_secret(session()), salt="session")
        current_app.extensions[EXTENSION] = signer
    return signer


def _is_secure() -> bool:
    """Whether the browser came by TLS, which may end at a proxy; its word costs nothing here."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"
