"""Sees all rows go by once: deals them out, and keeps what is to be known about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.experiment import Task
from services.columns import Column, Feature, Notice
from services.forest.encoding import encode
from services.reading import Description
from services.splits import leaks
from services.splits.assign import TRAIN, ByClass, ByColumn, ByOrder, Parts
from services.splits.levels import Levels
from services.splits.plan import Plan
from services.splits.repeated import Repeated

SAMPLE_ROWS = 2_000


class Dealer:
    """Give it every batch of a table in turn; then ask what it has seen.

    `used` are the columns to learn from.
    """

    def __init__(self, description: Description, plan: Plan, used: list[Column]) -> None:
        columns = {column.name: column for column in description.columns}
        self.plan, self.used, self.target = plan, used, columns[plan.target]
        self.learned = [*(column.name for column in used), plan.target]
        self.assign = _assigner(plan, columns, description.rows)
        self.levels = {column.name: Levels() for column in used if column.type == "category"}
        self.repeated = Repeated()
        self.stride = max(1, description.rows // SAMPLE_ROWS)
        self.sample: list[pa.RecordBatch] = []
        self.seen = 0

    def deal(self, batch: pa.RecordBatch) -> Parts:
        """The part of each row of the next batch."""
        parts = self.assign(batch, self._codes(batch))
        learned = batch.select(self.learned)
        self.repeated.see(leaks.row_hashes(learned), parts)
        is_train = pa.array(parts == TRAIN)
        for name, levels in self.levels.items():
            levels.see(batch[name].filter(is_train))
        self._keep_sample(learned)
        return parts

    def features(self) -> list[Feature]:
        """What the forests will learn from, with the levels of the training rows."""
        return [
            Feature(c.name, c.type, self.levels[c.name].kept() if c.name in self.levels else [])
            for c in self.used
        ]

    def classes(self) -> list[Any]:
        """The classes, sorted, each of the type that it has in the CSV; none for regression."""
        if self.plan.type == Task.REGRESSION:
            return []
        return sorted(_typed(text, self.target) for text in self.target.levels or ())

    def notices(self) -> list[Notice]:
        """What would make the scores better than they are."""
        sample = pa.Table.from_batches(self.sample)
        X, y = encode(sample, self.features()), sample[self.plan.target]
        if self.plan.type == Task.REGRESSION:
            told = leaks.repeating(X, y.to_numpy(), self.used)
        else:
            told = leaks.revealing(X, positions(y, self.classes()), self.used)
        return self.repeated.notices() + told

    def _keep_sample(self, learned: pa.RecordBatch) -> None:
        rows = np.arange(-self.seen % self.stride, len(learned), self.stride)
        self.sample.append(learned.take(pa.array(rows)))
        self.seen += len(learned)

    def _codes(self, batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
        if not isinstance(self.assign, ByClass):
            return np.empty(0, dtype=np.int64)
        labels = [_typed(text, self.target) for text in self.assign.labels]
        return positions(batch[self.plan.target], labels)


def positions(values: pa.Array | pa.ChunkedArray, labels: list[Any]) -> npt.NDArray[np.int64]:
    """The position of each value in `labels`, which hold all of them."""
    return np.asarray(pc.index_in(values, value_set=pa.array(labels, type=values.type))).astype(
        np.int64
    )


def _typed(text: str, target: Column) -> Any:
    if target.type == "integer":
        return int(text)
    if target.type == "number":
        return float(text)
    return text == "true" if target.type == "boolean" else text


def _assigner(plan: Plan, columns: dict[str, Column], rows: int) -> ByClass | ByColumn | ByOrder:
    if plan.split_column is not None:
        return ByColumn(plan, columns[plan.split_column].levels or {})
    if plan.stratify and plan.type == Task.CLASSIFICATION:
        return ByClass(plan, columns[plan.target].levels or {})
    return ByOrder(plan, rows)
