"""What was served: how the rows that were predicted lie, and predictions that were recorded."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Base, Name, UtcDateTime, now


def _of_version() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["experiment_uid", "version"],
        ["versions.experiment_uid", "versions.number"],
        ondelete="CASCADE",
    )


class Inputs(Base):
    """How many of the rows that a version predicted on a day (UTC) are in each bin of each feature.

    Each web process has rows of its own, as `writer`: none waits for another.
    """

    __tablename__ = "inputs"
    __table_args__ = (_of_version(),)

    experiment_uid: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True, index=True)
    writer: Mapped[str] = mapped_column(primary_key=True)
    rows: Mapped[int] = mapped_column(sa.BigInteger)
    counts: Mapped[list[Any]]


class Prediction(Base):
    """A prediction that was recorded, and once it is told what really happened.

    A classification has the labels as texts, a regression the values. The row that was predicted
    is not kept.
    """

    __tablename__ = "predictions"
    __table_args__ = (
        _of_version(),
        sa.Index("ix_predictions_of", "experiment_uid", "version", "created_at"),
    )

    id: Mapped[str] = mapped_column(Name, primary_key=True)
    experiment_uid: Mapped[str]
    version: Mapped[int]
    label: Mapped[str | None]
    value: Mapped[float | None]
    true_label: Mapped[str | None]
    true_value: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    outcome_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
