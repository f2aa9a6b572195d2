"""Who may ask: protected mode, and keys.

Bound to loopback with no key made, the service is open to whoever is on this machine. Bound
elsewhere, once a key was made, or where a request came through a proxy, nobody gets in without
one: a proxy's requests come from loopback too, so the address alone says nothing then.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Flask, current_app, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import MethodNotAllowed

from controllers import origins, sessions
from controllers.failures import Failures
from controllers.parts import asked, parts
from controllers.repeats import CALLER
from controllers.scopes import OPEN, needed
from controllers.waiting import session
from models.database import hurried
from models.errors import Forbidden, Malformed, Unauthorized
from models.key import digest_of
from services import keys
from services.keys import Grant

BEARER = re.compile(r"Bearer +([!-~]{1,512})", re.IGNORECASE)
FRESH_SECONDS, AWAY_SECONDS = 1.0, 10.0

Grants = Mapping[str, Grant]

log = structlog.get_logger("grove.access")


@dataclass
class KnownKeys:
    """What every key ever made may do, by its hash, as of at most a second ago."""

    failures: Failures
    grants: Grants | None = None
    good_until: float = 0.0
    reading: threading.Lock = field(default_factory=threading.Lock)

    def is_old(self) -> bool:
        """Whether it is time to look again."""
        return time.monotonic() > self.good_until


def register(app: Flask) -> None:
    """Ask every request for its key, where one is needed."""
    app.extensions["grove_keys"] = KnownKeys(Failures.of(app))
    app.before_request(_check)


def grant_of(secret: str) -> Grant:
    """What a key may do. Raises Unauthorized, and TooMany after too many that were wrong."""
    return _grant(_known_keys(), digest_of(secret))


def _check() -> None:
    given, settings = asked(), parts().settings
    environ, endpoint = given.environ, given.endpoint
    origins.check_origin(environ, settings.hosts)
    # An address that lacks the method says so to everyone.
    if endpoint in OPEN or isinstance(given.routing_exception, MethodNotAllowed):
        return
    origins.check_host(environ, settings.hosts)
    sent = _credentials(environ)
    if settings.auth == "off":
        return
    known = _known_keys()
    if known or not settings.on_loopback or origins.is_forwarded(environ):
        environ[CALLER] = _require(known, endpoint, sent)
    elif not settings.on_socket:  # a browser does not reach a socket
        origins.check_loopback_host(environ)


def _kept() -> KnownKeys:
    kept: KnownKeys = current_app.extensions["grove_keys"]
    return kept


def _known_keys() -> Grants:
    """The keys as of a second ago; while one request reads them anew, the others do not wait."""
    known = _kept()
    first = known.grants is None
    if known.is_old() and known.reading.acquire(blocking=first):
        try:
            known.grants, known.good_until = _read(known.grants)
        finally:
            known.reading.release()
    return known.grants or {}


def _read(known: Grants | None) -> tuple[Grants, float]:
    """The keys, and until when they need not be read again.

    While the database is away what was known holds on: no predict waits for those who write.
    """
    try:
        with hurried(session()) if known is not None else nullcontext():
            return keys.grants(session()), time.monotonic() + FRESH_SECONDS
    except SQLAlchemyError as error:
        if known is None:
            raise
        log.warning("the keys cannot be read", error=str(error)[:200])
        return known, time.monotonic() + AWAY_SECONDS


def _credentials(environ: Mapping[str, Any]) -> str | None:
    """What came as Authorization. Raises Malformed where it came twice.

    A server joins headers of one name with a comma, which stands in no key.
    """
    sent: str | None = environ.get("HTTP_AUTHORIZATION")
    if sent and "," in sent and not sent.lower().startswith("digest "):
        raise Malformed("more than one Authorization header came", code="two_authorizations")
    return sent


def _require(known: Grants, endpoint: str | None, sent: str | None) -> str | None:
    """The hash of the key that was shown, which may do this."""
    digest = sessions.digest_sent() if sent is None else _digest(sent)
    scope = _grant(known, digest).scope
    least = needed(endpoint)
    if not scope.covers(least):
        message = f"this key may {scope}; here one is needed that may {least}"
        raise Forbidden(message, code="scope_too_small")
    return digest


def _digest(sent: str) -> str:
    """The hash of the key that came, "" where none did."""
    match = BEARER.fullmatch(sent)
    return digest_of(match[1]) if match else ""


def _grant(known: Grants, digest: str | None) -> Grant:
    # Looking a hash up tells nobody anything about the keys whose hashes are near to it.
    grant = known.get(digest or "")
    if grant is not None and grant.holds():
        return grant
    if digest is not None:
        _kept().failures.count(origins.client(request.environ))
    raise Unauthorized("a known key is needed: Authorization: Bearer KEY")
