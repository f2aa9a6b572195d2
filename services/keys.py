"""API keys: made, listed, revoked, and known again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Key, Scope, writing
from models.database import now
from models.errors import Conflict, NotFound
from models.key import digest_of
from services.settings import Settings

FIRST = "first"
FROM_ENVIRONMENT = "environment"


def add(session: Session, name: str, scope: Scope = Scope.ADMIN) -> str:
    """Make a key; returns its secret, which is kept nowhere. Raises Conflict for a name in use."""
    secret = secrets.token_urlsafe(32)
    with writing(session):
        _insert(session, name, secret, scope)
    return secret


def revoke(session: Session, name: str) -> None:
    """End a key. Raises NotFound."""
    with writing(session):
        key = session.get(Key, name)
        if key is None:
            raise NotFound(f"there is no key {name!r}")
        key.revoked_at = key.revoked_at or now()


def listed(session: Session) -> Sequence[Key]:
    """All keys, the oldest first."""
    return session.scalars(sa.select(Key).order_by(Key.created_at, Key.name)).all()


def all_hashes(session: Session) -> dict[str, Scope | None]:
    """The hash of every key that was ever made, with what it may do: nothing if revoked."""
    rows = session.execute(sa.select(Key.digest, Key.scope, Key.revoked_at))
    return {digest: None if revoked else Scope(scope) for digest, scope, revoked in rows}


def first_key(session: Session, settings: Settings) -> str | None:
    """See that a service that others can reach has a key; the secret, if one was made just now."""
    if settings.auth == "off":
        return None
    with writing(session):
        if settings.key:
            _replace(session, FROM_ENVIRONMENT, settings.key)
        elif not settings.on_loopback and session.scalar(sa.select(Key).limit(1)) is None:
            secret = secrets.token_urlsafe(32)
            _insert(session, FIRST, secret, Scope.ADMIN)
            return secret
    return None


def _insert(session: Session, name: str, secret: str, scope: Scope) -> None:
    if session.get(Key, name):
        raise Conflict(f"there is a key {name!r} already", code="key_exists")
    session.add(Key(name=name, digest=digest_of(secret), scope=scope))


def _replace(session: Session, name: str, secret: str) -> None:
    """Make the secret a living key: the one that has it already, or the one of this name."""
    key = session.scalar(sa.select(Key).where(Key.digest == digest_of(secret)))
    key = key or session.get(Key, name)
    if key is None:
        _insert(session, name, secret, Scope.ADMIN)
    else:
        key.digest, key.revoked_at = digest_of(secret), None
