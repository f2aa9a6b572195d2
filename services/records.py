"""What was served, as it is written: predictions, and how the rows of a day lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models import Inputs, Prediction, Version
from services.forest.baseline import Counts, added
from services.watching import Watched

INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Recorded:
    """A prediction that waits to be written."""

    id: str
    of: Watched
    label: str | None
    value: float | None
    at: datetime


@dataclass
class Day:
    """What a process has seen of a version on one day.

    It is written as the whole of it, under a name of its own: written twice, it counts once.
    """

    of: Watched
    day: date
    writer: str
    rows: int = 0
    counts: Counts = field(default_factory=list)
    is_new: bool = False

    def add(self, rows: int, counts: Counts) -> None:
        """Add what was seen since."""
        self.rows += rows
        self.counts = added(self.counts, counts) if self.counts else counts
        self.is_new = True


def store(session: Session, records: list[Recorded], days: list[Day]) -> None:
    """Write within the session's transaction; of versions that are gone there is nothing to say.

    What is there already, for the answer to its commit was lost, stays as it is.
    """
    there = _there(session, {each.of for each in records} | {day.of for day in days})
    rows = [_row(each) for each in records if each.of in there]
    if rows:
        insert = INSERT[session.get_bind().dialect.name](Prediction)
        session.execute(insert.on_conflict_do_nothing(), rows)
    for day in days:
        if day.of in there:
            uid, number = day.of
            key = {"experiment_uid": uid, "version": number, "day": day.day, "writer": day.writer}
            session.merge(Inputs(**key, rows=day.rows, counts=day.counts))


def _there(session: Session, wanted: set[Watched]) -> set[Watched]:
    key = sa.select(Version.experiment_uid, Version.number)
    found = {
        session.execute(
            key.where(Version.experiment_uid == uid, Version.number == number)
        ).one_or_none()
        for uid, number in wanted
    }
    return {(row[0], row[1]) for row in found if row is not None}


def _row(record: Recorded) -> dict[str, Any]:
    return {
        "id": record.id,
        "experiment_uid": record.of[0],
        "version": record.of[1],
        "label": record.label,
        "value": record.value,
        "created_at": record.at,
    }
