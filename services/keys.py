"""API keys: made, listed, revoked, and known again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Key, Scope, Secret, writing
from models.database import now, prepare_alone
from models.errors import Conflict, NotFound, invalid
from models.key import digest_of
from services.settings import Settings

FIRST = "first"
FROM_ENVIRONMENT = "environment"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.IGNORECASE)
SESSIONS = "sessions"


@dataclass(frozen=True)
class Grant:
    """What whoever shows a key may do, and until when; None is for ever."""

    scope: Scope
    ends_at: datetime | None

    def holds(self) -> bool:
        """Whether it still opens anything."""
        return self.ends_at is None or now() < self.ends_at


def add(session: Session, name: str, scope: Scope = Scope.ADMIN, days: int | None = None) -> str:
    """Make a key, good for so many days or for ever; returns its secret, which is kept nowhere.

    Raises Conflict for a name in use, Invalid for one that is no name.
    """
    if not NAME.fullmatch(name):
        message = f"expected 1 to 64 letters, digits, dots and dashes, got {name[:64]!r}"
        raise invalid("bad_name", message, "/name")
    expires_at = now() + timedelta(days=days) if days is not None else None
    secret = secrets.token_urlsafe(32)
    with writing(session):
        _insert(session, name, secret, scope, expires_at)
    return secret


def revoke(session: Session, name: str) -> None:
    """End a key. Raises NotFound."""
    with writing(session):
        key = get(session, name)
        key.revoked_at = key.revoked_at or now()


def listed(session: Session) -> Sequence[Key]:
    """All keys, the oldest first."""
    return session.scalars(sa.select(Key).order_by(Key.created_at, Key.name)).all()


def get(session: Session, name: str) -> Key:
    """One key. Raises NotFound."""
    key = session.get(Key, name)
    if key is None:
        raise NotFound(f"there is no key {name[:64]!r}", code="key_not_found")
    return key


def grants(session: Session) -> dict[str, Grant]:
    """By its hash, what every key that was ever made may do, those that ended included."""
    return {key.digest: Grant(Scope(key.scope), key.ends_at()) for key in listed(session)}


def session_secret(session: Session) -> str:
    """What signs sessions, the same for all processes; made when first asked for."""
    kept = session.get(Secret, SESSIONS)
    if kept is None:
        with writing(session):
            kept = session.get(Secret, SESSIONS)
            if kept is None:
                kept = Secret(name=SESSIONS, value=secrets.token_urlsafe(32))
                session.add(kept)
    return kept.value


def first_key(session: Session, settings: Settings) -> str | None:
    """See that a service that others can reach has a key; the secret, if one was made just now."""
    if settings.auth == "off":
        return None
    with writing(session):
        prepare_alone(session.connection())
        if settings.key:
            _replace(session, FROM_ENVIRONMENT, settings.key)
        elif not settings.on_loopback and session.scalar(sa.select(Key).limit(1)) is None:
            secret = secrets.token_urlsafe(32)
            _insert(session, FIRST, secret)
            return secret
    return None


def _insert(
    session: Session,
    name: str,
    secret: str,
    scope: Scope = Scope.ADMIN,
    expires_at: datetime | None = None,
) -> None:
    if session.get(Key, name):
        raise Conflict(f"there is a key {name!r} already", code="key_exists")
    session.add(Key(name=name, digest=digest_of(secret), scope=scope, expires_at=expires_at))


def _replace(session: Session, name: str, secret: str) -> None:
    """Make the secret a living key: the one that has it already, or the one of this name."""
    key = session.scalar(sa.select(Key).where(Key.digest == digest_of(secret)))
    key = key or session.get(Key, name)
    if key is None:
        _insert(session, name, secret)
    else:
        key.digest, key.revoked_at, key.expires_at = digest_of(secret), None, None
