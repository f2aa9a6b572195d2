"""API keys, kept as hashes, and the secret that signs sessions."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from models.database import Base, Name, UtcDateTime, now


class Scope(StrEnum):
    """What a key may do: each may all that those above it may."""

    PREDICT = "predict"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, needed: Scope) -> bool:
        """Whether a key of this scope may do what needs that one."""
        return RANK[self] >= RANK[needed]


RANK = {scope: rank for rank, scope in enumerate(Scope)}


def digest_of(secret: str) -> str:
    """The hash that is kept. A key is long and random, so a fast hash keeps it as well."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Key(Base):
    """One key: a name for people, the hash of the secret, and what it may do."""

    __tablename__ = "keys"

    name: Mapped[str] = mapped_column(Name, primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    scope: Mapped[str] = mapped_column(default=Scope.ADMIN)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def ends_at(self) -> datetime | None:
        """When the key opens nothing any more; None is never."""
        ends = [moment for moment in (self.expires_at, self.revoked_at) if moment]
        return min(ends, default=None)


class Secret(Base):
    """What the service's own processes share, and nobody else knows."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
