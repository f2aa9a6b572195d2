"""API keys, kept as hashes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from models.database import Base, UtcDateTime, now


class Scope(StrEnum):
    """What a key may do."""

    ADMIN = "admin"
    WRITE = "write"
    PREDICT = "predict"


def digest_of(secret: str) -> str:
    """The hash that is kept. A key is long and random, so a fast hash keeps it as well."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Key(Base):
    """One key: a name for people, the hash of the secret, and what it may do."""

    __tablename__ = "keys"

    name: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    scope: Mapped[str] = mapped_column(default=Scope.ADMIN)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
