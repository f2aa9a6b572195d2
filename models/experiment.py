"""Experiments and the versions trained on them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.database import Base, Name, UtcDateTime, now


class Status(StrEnum):
    """How far an experiment has come."""

    SPLITTING = "splitting"
    READY = "ready"
    TRAINED = "trained"
    FAILED = "failed"


class Task(StrEnum):
    """What is learned: a class or a number."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


def new_uid() -> str:
    """A name that no one has had before."""
    return uuid4().hex


class Experiment(Base):
    """One dataset, one target, one fixed split, and the versions trained on it.

    `uid` names its files: an id may be used again after a delete, a uid never is. `plan` is how
    the split was asked for, `features` what the forests learn from, both as plain values.
    """

    __tablename__ = "experiments"

    id: Mapped[str] = mapped_column(Name, primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True, default=new_uid)
    type: Mapped[str]
    status: Mapped[str] = mapped_column(default=Status.SPLITTING)
    dataset: Mapped[str | None] = mapped_column(sa.ForeignKey("datasets.name"), index=True)
    target: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    plan: Mapped[dict[str, Any]]
    features: Mapped[list[Any]] = mapped_column(default=list)
    classes: Mapped[list[Any]] = mapped_column(default=list)
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    train_path: Mapped[str | None]
    test_path: Mapped[str | None]
    calibration_path: Mapped[str | None]
    train_rows: Mapped[int | None] = mapped_column(sa.BigInteger)
    test_rows: Mapped[int | None] = mapped_column(sa.BigInteger)
    calibration_rows: Mapped[int | None] = mapped_column(sa.BigInteger)
    checksums: Mapped[dict[str, Any]] = mapped_column(default=dict)
    active_version: Mapped[int | None]
    next_version: Mapped[int] = mapped_column(default=1)
    model_path: Mapped[str | None]
    result: Mapped[dict[str, Any] | None]
    revision: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    # Every change gives a new revision, which is the ETag; a change that was based on an old
    # one is refused by the database itself.
    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012

    @property
    def etag(self) -> str:
        """Names this revision of this row; an id used again after a delete gets new ones."""
        return f"{self.uid[:8]}-{self.revision}"

    def activate(self, version: Version) -> None:
        """Make `version` the one that predicts."""
        self.active_version = version.number
        self.model_path = version.model_path
        self.result = version.result
        self.status = Status.TRAINED

    def settle(self) -> None:
        """Take the state that the row's own facts give it, once no split is under way."""
        if self.status == Status.SPLITTING:
            self.status = Status.TRAINED if self.active_version else Status.READY


class Version(Base):
    """One trained forest: how it was grown, its files, and how it scored. Never changed."""

    __tablename__ = "versions"

    experiment_uid: Mapped[str] = mapped_column(
        sa.ForeignKey("experiments.uid", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str]
    hyper_parameters: Mapped[dict[str, Any]]
    model_path: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    fit_seconds: Mapped[float]
    checksums: Mapped[dict[str, Any]]
    manifest: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    experiment: Mapped[Experiment] = relationship()

    @property
    def is_active(self) -> bool:
        """Whether it is the one that predicts."""
        return self.experiment.active_version == self.number
