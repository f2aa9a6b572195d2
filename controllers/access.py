"""Who may ask: protected mode, and keys.

Bound to loopback with no key made, the service is open to whoever is on this machine. Bound
elsewhere, once a key was made, or where a request came through a proxy, nobody gets in without
one: a proxy's requests come from loopback too, so the address alone says nothing then.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field

from flask import Flask, current_app, request

from controllers.parts import parts
from controllers.waiting import session
from models import Scope
from models.errors import Malformed, Unauthorized
from models.key import digest_of
from services import keys

OPEN_PATHS = ("/livez", "/readyz", "/login")
# As WSGI names the headers of a proxy.
FORWARDED = frozenset(
    {
        "HTTP_FORWARDED",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_REAL_IP",
        "HTTP_VIA",
    }
)
BEARER = re.compile(r"Bearer +([!-~]{1,512})", re.IGNORECASE)
# A server joins headers of one name with a comma.
TWO_CREDENTIALS = re.compile(r",\s*(Bearer|Basic|Digest|Negotiate)\b", re.IGNORECASE)
FRESH_SECONDS = 1.0


@dataclass
class KnownKeys:
    """The hash of every key ever made, as of at most a second ago."""

    scopes: dict[str, Scope | None]
    read_at: float | None = None
    reading: threading.Lock = field(default_factory=threading.Lock)

    def is_old(self) -> bool:
        """Whether it is time to look again."""
        return self.read_at is None or time.monotonic() - self.read_at > FRESH_SECONDS


def register(app: Flask) -> None:
    """Ask every request for its key, where one is needed."""
    app.extensions["grove_keys"] = KnownKeys({})
    app.before_request(_check)


def _check() -> None:
    settings = parts().settings
    if settings.auth == "off" or _is_open(request.path):
        return
    known = _known_keys()
    if known or not settings.on_loopback or _is_forwarded():
        _require(known)


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith("/static/")


def _is_forwarded() -> bool:
    return not FORWARDED.isdisjoint(request.environ)


def _known_keys() -> dict[str, Scope | None]:
    """The keys as of a second ago; while one request reads them anew, the others do not wait."""
    known: KnownKeys = current_app.extensions["grove_keys"]
    first = known.read_at is None
    if known.is_old() and known.reading.acquire(blocking=first):
        try:
            known.scopes, known.read_at = keys.all_hashes(session()), time.monotonic()
        finally:
            known.reading.release()
    return known.scopes


def _require(known: dict[str, Scope | None]) -> None:
    sent = request.headers.get("Authorization", "")
    match = BEARER.fullmatch(sent)
    if match is None and TWO_CREDENTIALS.search(sent):
        raise Malformed("more than one Authorization header came", code="two_authorizations")
    # Looking a hash up tells nobody anything about the keys whose hashes are near to it.
    if match is None or known.get(digest_of(match[1])) is None:
        raise Unauthorized("a known key is needed: Authorization: Bearer KEY")
