"""One block of a CSV: read, encoded, predicted, and written as CSV again, all in one thread."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

import pyarrow as pa

from models.errors import Fault
from services.columns import Column, Feature
from services.forest.encoding import encode, unseen
from services.forest.serving import Model
from services.reading import PlainReader, Rows, lines, side_by_side, typed
from services.watching import Tally


@dataclass(frozen=True)
class ScoredBlock:
    """What came of one block.

    `lines` are its records as CSV with what is predicted, in columns called `predicted`; there
    are none where a cell is unfit. `texts` are the cells, where they had to be looked at one by
    one; what is wrong with them is told once it is known how many rows come before.
    """

    rows: int
    predicted: list[str] = field(default_factory=list)
    lines: pa.LargeStringArray | None = None
    unseen: Mapping[str, Set[str]] = field(default_factory=dict)
    texts: pa.RecordBatch | None = None


class BlockScorer:
    """Scores the blocks of one file; several threads may do so at a time."""

    def __init__(self, model: Model, rows: Rows, tally: Tally | None) -> None:
        self._model, self._rows, self._tally = model, rows, tally
        self._wanted = [as_column(feature) for feature in model.features]
        self._plain = PlainReader(rows.dialect, self._wanted, rows.limits)

    def __call__(self, block: bytes) -> ScoredBlock:
        """The block scored. Raises Invalid where the file cannot be read on from here."""
        plain = self._plain(block)
        if plain is None:
            return self._cell_by_cell(block)
        tables = self._predicted(plain.values)
        beside = lines([column.combine_chunks() for column in tables.columns])
        return ScoredBlock(
            rows=plain.values.num_rows,
            predicted=tables.column_names,
            lines=side_by_side(plain.lines, beside),
            unseen=unseen(plain.values, self._model.features),
        )

    def faults(self, texts: pa.RecordBatch, first_row: int) -> list[Fault]:
        """What is wrong with the cells of a block before which there are `first_row` rows."""
        return typed(texts, self._wanted, self._rows.dialect.missing_values, first_row)[1]

    def _predicted(self, values: pa.RecordBatch) -> pa.Table:
        matrix = encode(values, self._model.features)
        if self._tally is not None:
            self._tally.add(matrix)
        return self._model.tables(matrix)

    def _cell_by_cell(self, block: bytes) -> ScoredBlock:
        texts = self._rows.read(block)
        values, unfit = typed(texts, self._wanted, self._rows.dialect.missing_values, 0)
        if unfit or not texts.num_rows:
            return ScoredBlock(rows=texts.num_rows, texts=texts)
        tables = self._predicted(values)
        columns = [column.combine_chunks() for column in tables.columns]
        return ScoredBlock(
            rows=texts.num_rows,
            predicted=tables.column_names,
            lines=lines([*texts.columns, *columns]),
            unseen=unseen(values, self._model.features),
            texts=texts,
        )


def as_column(feature: Feature) -> Column:
    """A feature as a column to be read."""
    return Column(feature.name, feature.type, missing=0, distinct=None, examples=[])
