"""Where a request comes from, and what it takes the service for.

A page in a browser can send requests to whatever the browser can reach, and a name of its own can
be made to point here: such requests bear a foreign Origin, or a foreign Host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from models.errors import Forbidden, Malformed

Environ = Mapping[str, Any]  # as WSGI gives a request, in which HTTP_HOST is the header Host

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
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:@/\\\s]+)(:[0-9]{1,5})?")


def is_forwarded(environ: Environ) -> bool:
    """Whether the request says that a proxy has passed it on."""
    return not FORWARDED.isdisjoint(environ)


def client(environ: Environ) -> str:
    """The address of who asks.

    A proxy on this machine is believed about it, nobody else: what it adds itself stands last.
    """
    peer: str = environ.get("REMOTE_ADDR") or "local"
    told: str = environ.get("HTTP_X_FORWARDED_FOR", "")
    is_here = peer == "local" or peer.startswith("127.") or peer == "::1"
    return told.rpartition(",")[2].strip()[:64] or peer if is_here else peer


def check_host(environ: Environ, hosts: frozenset[str]) -> None:
    """Raise Malformed for a name that the service does not go by, unknown_host, or for no name.

    Without `hosts` any is right; only clients of HTTP/1.0 may leave it out.
    """
    if "HTTP_HOST" not in environ and environ.get("SERVER_PROTOCOL") != "HTTP/1.0":
        raise Malformed("a request of HTTP/1.1 must have a Host", code="unknown_host")
    if hosts and _name(_host(environ)) not in hosts:
        raise _unknown_host(environ)


def check_loopback_host(environ: Environ) -> None:
    """Raise Malformed, unknown_host, for a name that is not this machine's own."""
    if _name(_host(environ)) not in LOOPBACK:
        raise _unknown_host(environ)


def check_origin(environ: Environ, hosts: frozenset[str]) -> None:
    """Raise Forbidden, foreign_origin, where a page of another site would change something."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is None or environ["REQUEST_METHOD"] not in CHANGING:
        return
    place = urlsplit(origin).netloc.lower()
    if not place or (place != _host(environ) and _name(place) not in hosts):
        raise Forbidden("a page of another site asked for this", code="foreign_origin")


def _host(environ: Environ) -> str:
    host: str = environ.get("HTTP_HOST", "")
    return host.lower()


@lru_cache(256)
def _name(host: str) -> str:
    """The host without its port, or nothing where it is none."""
    match = HOST.fullmatch(host)
    return match[1] if match else ""


def _unknown_host(environ: Environ) -> Malformed:
    name = _host(environ)[:100]
    message = f"this service does not go by the name {name!r}; GROVE_HOSTS says its names"
    return Malformed(message, code="unknown_host")
