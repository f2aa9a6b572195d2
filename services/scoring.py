"""A CSV in, the same CSV with predictions out: in bounded memory, refused whole or answered whole.

The answer is written to a file before its first byte is sent, for a row that cannot be read may
be the last one, and an answer that has begun cannot be taken back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from models.errors import Fault, Invalid
from services.columns import Column, Feature, Notice
from services.files import replacing
from services.forest.encoding import encode, unseen
from services.predicting import Served
from services.reading import Limits, Reading, csv_bytes, text_batches, typed
from services.splits.plan import nearest

MOST_FAULTS = 100
SHOWN_LEVELS = 5


class Scorer:
    """Scores one CSV batch by batch, and remembers what was wrong with it."""

    def __init__(self, served: Served, limits: Limits) -> None:
        self.served, self.limits = served, limits
        self.faults: list[Fault] = []
        self.unseen: dict[str, set[str]] = defaultdict(set)
        self.rows = 0

    def batches(self, source: Path, reading: Reading) -> Iterator[pa.RecordBatch]:
        """The columns sent, as text, then what is predicted. Raises Invalid at the end."""
        dialect, batches = text_batches(source, reading, self.limits)
        check_columns([feature.name for feature in self.served.model.features], dialect.names)
        for batch in batches:
            scored = self._scored(batch, dialect.missing_values)
            if scored is not None:
                yield scored
        if self.faults:
            first = self.faults[0]
            raise Invalid(first.message, code=first.code, faults=self.faults[:MOST_FAULTS])

    def notices(self) -> list[Notice]:
        """One notice for each column with categories that training did not see."""
        return [_unseen(column, levels) for column, levels in self.unseen.items()]

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
        return pa.RecordBatch.from_arrays(
            [*batch.columns, *tables.values()], [*batch.schema.names, *tables]
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
            faults = [Fault(f"/columns/{n.column}", n.code, n.message) for n in notices]
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


def as_column(feature: Feature) -> Column:
    """A feature as a column to be read."""
    return Column(feature.name, feature.type, missing=0, distinct=None, examples=[])


def _unseen(column: str, levels: set[str]) -> Notice:
    shown = ", ".join(map(repr, sorted(levels)[:SHOWN_LEVELS]))
    return Notice("unseen_category", f"unseen in training: {shown}", column)
