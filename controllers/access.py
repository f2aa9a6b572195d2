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
from dataclasses import dataclass, field

import structlog
from flask import Flask, current_app, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import MethodNotAllowed

from controllers import origins, sessions
from controllers.failures import Failures
from controllers.parts import parts
from controllers.repeats import CALLER
from controllers.scopes import OPEN, needed
from controllers.waiting import session
from models.errors import Forbidden, Malformed, Unauthorized
from models.key import digest_of
from services import keys
from services.keys import Grant

BEARER = re.compile(r"Bearer +([!-~]{1,512})", re.IGNORECASE)
FRESH_SECONDS = 1.0

log = structlog.get_logger("grove.access")


@dataclass
class KnownKeys:
    """What every key ever made may do, by its hash, as of at most a second ago."""

    failures: Failures
    grants: Mapping[str, Grant] = field(default_factory=dict)
    read_at: float | None = None
    reading: threading.Lock = field(default_factory=threading.Lock)

    def is_old(self) -> bool:
        """Whether it is time to look again."""
        return self.read_at is None or time.monotonic() - self.read_at > FRESH_SECONDS


def register(app: Flask) -> None:
    """Ask every request for its key, where one is needed."""
    app.extensions["grove_keys"] = KnownKeys(Failures.of(app))
    app.before_request(_check)


def grant_of(secret: str) -> Grant:
    """What a key may do. Raises Unauthorized, and TooMany after too many that were wrong."""
    return _grant(digest_of(secret))


def _check() -> None:
    endpoint, settings = request.endpoint, parts().settings
    origins.check_origin(settings.hosts)
    if endpoint in OPEN or _is_no_method():
        return
    origins.check_host(settings.hosts)
    sent = _credentials()
    if settings.auth == "off":
        return
    if _known_keys() or not settings.on_loopback or origins.is_forwarded():
        _require(endpoint, sent)
    elif not settings.on_socket:  # a browser does not reach a socket
        origins.check_loopback_host()


def _is_no_method() -> bool:
    """Whether the address is one, and lacks the method: that is said to everyone."""
    return isinstance(request.routing_exception, MethodNotAllowed)


def _known_keys() -> Mapping[str, Grant]:
    """The keys as of a second ago; while one request reads them anew, the others do not wait."""
    known: KnownKeys = current_app.extensions["grove_keys"]
    first = known.read_at is None
    if known.is_old() and known.reading.acquire(blocking=first):
        try:
            known.grants = keys.grants(session())
            known.read_at = time.monotonic()
        except SQLAlchemyError as error:
            if first:
                raise
            # The database is away: what was known holds on, and is asked for again in a second.
            log.warning("the keys cannot be read", error=str(error)[:200])
            known.read_at = time.monotonic()
        finally:
            known.reading.release()
    return known.grants


def _credentials() -> str | None:
    """What came as Authorization. Raises Malformed where it came twice.

    A server joins headers of one name with a comma, which stands in no key.
    """
    sent: str | None = request.environ.get("HTTP_AUTHORIZATION")
    if sent and "," in sent and not sent.lower().startswith("digest "):
        raise Malformed("more than one Authorization header came", code="two_authorizations")
    return sent


def _require(endpoint: str | None, sent: str | None) -> None:
    digest = sessions.digest_sent() if sent is None else _digest(sent)
    scope = _grant(digest).scope
    request.environ[CALLER] = digest
    least = needed(endpoint)
    if not scope.covers(least):
        message = f"this key may {scope}; here one is needed that may {least}"
        raise Forbidden(message, code="scope_too_small")


def _digest(sent: str) -> str:
    """The hash of the key that came, "" where none did."""
    match = BEARER.fullmatch(sent)
    return digest_of(match[1]) if match else ""


def _grant(digest: str | None) -> Grant:
    # Looking a hash up tells nobody anything about the keys whose hashes are near to it.
    grant = _known_keys().get(digest or "")
    if grant is not None and grant.holds():
        return grant
    if digest is not None:
        known: KnownKeys = current_app.extensions["grove_keys"]
        known.failures.count(origins.client())
    raise Unauthorized("a known key is needed: Authorization: Bearer KEY")
