"""A CSV in, the same CSV with predictions out: in bounded memory, refused whole or answered whole.

The answer is written to a file before its first byte is sent, for a row that cannot be read may
be the last one, and an answer that has begun cannot be taken back.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.errors import Fault, Invalid, invalid
from services.columns import Column, Feature, Notice
from services.files import replacing
from services.forest.encoding import encode, unseen
from services.forest.nearest import Hints, shown
from services.predicting import Served
from services.reading import Limits, Reading, csv_bytes, text_batches, typed
from services.splits.plan import nearest

MOST_FAULTS = 100
SHOWN_LEVELS = 3
MOST_NOTICE_BYTES = 1_500  # as JSON: the notices travel in one header


class Scorer:
    """Scores one CSV batch by batch, and remembers what was wrong with it."""

    def __init__(self, served: Served, limits: Limits) -> None:
        self.served, self.limits = served, limits
        self.faults: list[Fault] = []
        self.unseen: dict[str, set[str]] = defaultdict(set)
        self.rows = 0

    def batches(self, source: Path, reading: Reading) -> Iterator[pa.RecordBatch]:
        """The columns sent, as text, then what is predicted. Raises Invalid at the end."""
        reading = as_learned(reading, self.served.reading)
        dialect, batches = text_batches(source, reading, self.limits)
        check_columns([feature.name for feature in self.served.model.features], dialect.names)
        for batch in batches:
            scored = self._scored(batch, dialect.missing_values)
            if scored is not None:
                yield scored
        if not self.rows:
            raise invalid("csv_empty", "the CSV holds no row to predict")
        if self.faults:
            first = self.faults[0]
            raise Invalid(first.message, code=first.code, faults=self.faults[:MOST_FAULTS])

    def notices(self) -> list[Notice]:
        """One notice for each column with categories that training did not see.

        Of very many the first; a last one then says how many columns there are beside them.
        """
        known = {feature.name: feature.levels for feature in self.served.model.features}
        told: list[Notice] = []
        hints, left = Hints(), MOST_NOTICE_BYTES
        for column, levels in self.unseen.items():
            notice = _unseen(column, levels, known[column], hints)
            left -= len(json.dumps([notice.message, column]))
            if left < 0:
                more = len(self.unseen) - len(told)
                return [*told, Notice("unseen_category", f"{more} more columns have some")]
            told.append(notice)
        return told

    def _scored(self, batch: pa.RecordBatch, missing: tuple[str, ...]) -> pa.RecordBatch | None:
        model = self.served.model
        wanted = [as_column(feature) for feature in model.features]
        values, faults = typed(batch, wanted, missing, self.rows)
        self.rows += len(batch)
        self.faults += faults
        if self.faults:
            return None  # read on for what else is wrong, predict nothing more
        for column, levels in unseen(values, model.features).items():
            self.unseen[column] |= levels
        tables = model.tables(encode(values, model.features))
        columns = [column.combine_chunks() for column in tables.columns]
        names = batch.schema.names
        return pa.RecordBatch.from_arrays(
            [*batch.columns, *columns], [*names, *_beside(names, tables.column_names)]
        )


def score_file(
    source: Path, target: Path, served: Served, reading: Reading, limits: Limits, *, strict: bool
) -> list[Notice]:
    """Score the CSV `source` into the CSV `target`; returns what there is to warn about.

    Raises Invalid with the faults of all rows; with `strict` an unseen category is one.
    """
    scorer = Scorer(served, limits)
    with replacing(target) as file:
        for block in csv_bytes(scorer.batches(source, reading)):
            file.write(block)
        notices = scorer.notices()
        if strict and notices:
            faults = [Fault(_pointer(n.column), n.code, n.message) for n in notices]
            raise Invalid(notices[0].message, code=notices[0].code, faults=faults)
    return notices


def check_columns(needed: list[str], there: list[str]) -> None:
    """Raise Invalid where a CSV lacks columns, naming the nearest that it has."""
    faults = [
        Fault("/columns", "missing_column", f"column {name!r} is missing{nearest(name, there)}")
        for name in needed
        if name not in set(there)
    ]
    if faults:
        raise Invalid(faults[0].message, code="missing_column", faults=faults[:MOST_FAULTS])


def as_learned(asked: Reading, learned: Mapping[str, Any]) -> Reading:
    """How to read a CSV: as asked, and where nothing was asked as the table was read.

    What marks a missing value in one is a category in another: a guess would be wrong in silence.
    """
    given = {name: value for name, value in asked.as_record().items() if value is not None}
    return Reading.from_record({**learned, **given})


def as_column(feature: Feature) -> Column:
    """A feature as a column to be read."""
    return Column(feature.name, feature.type, missing=0, distinct=None, examples=[])


def _unseen(column: str, levels: set[str], known: Sequence[str], hints: Hints) -> Notice:
    first = sorted(levels)[:SHOWN_LEVELS]
    named = ", ".join(f"{shown(level)}{hints.hint(level, known)}" for level in first)
    more = f" and {len(levels) - len(first)} more" if len(levels) > len(first) else ""
    return Notice("unseen_category", f"unseen in training: {named}{more}", column)


def _beside(sent: Collection[str], wanted: Sequence[str]) -> list[str]:
    """The names of what is predicted, each with a _ at its end where it was sent itself."""
    names = []
    for name in wanted:
        while name in sent:
            name += "_"  # noqa: PLW2901
        names.append(name)
    return names


def _pointer(column: str | None) -> str:
    name = (column or "").replace("~", "~0").replace("/", "~1")
    return f"/columns/{name}" if name else "/columns"
