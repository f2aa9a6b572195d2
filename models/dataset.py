"""Datasets: CSV files that the service keeps, under names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Base, Name, UtcDateTime, now


class Dataset(Base):
    """A CSV file, read and described.

    `reading` is how the client asked to read it, `description` what was found: dialect,
    columns, warnings.
    """

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(Name, primary_key=True)
    file: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    rows: Mapped[int] = mapped_column(sa.BigInteger)
    reading: Mapped[dict[str, Any]]
    description: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)


class Seed(Base):
    """A sample that has been given once, so that one deleted does not come back."""

    __tablename__ = "seeds"

    name: Mapped[str] = mapped_column(primary_key=True)
